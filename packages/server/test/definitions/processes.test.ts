/** Processes as clients save and read them. */
import { describe, expect, it } from 'vitest';
import { projectWorld, step } from './support.ts';

describe('deployment processes', () => {
  it('are there, empty, as soon as the project is, under both addresses', async () => {
    await using world = await projectWorld();
    const { server, project } = world;
    const byId = await server.get('/api/Spaces-1/deploymentprocesses/deploymentprocess-Projects-1');
    expect(byId.body).toMatchObject({
      Id: 'deploymentprocess-Projects-1',
      SpaceId: 'Spaces-1',
      ProjectId: project.Id,
      Steps: [],
      Version: 0,
      LastSnapshotId: null,
    });
    expect((await server.get(project.Links.DeploymentProcess)).body).toEqual(byId.body);
    expect(project.DeploymentProcessId).toBe(byId.body.Id);
  });

  it('give every new step and action a GUID and a slug, and keep those that are there', async () => {
    await using world = await projectWorld();
    const saved = await world.saveSteps([step('Say hello'), step('say  HELLO')]);
    expect(saved.status).toBe(200);
    const guid = /^[0-9a-f-]{36}$/;
    const [first, second] = saved.body.Steps;
    expect(first.Id).toMatch(guid);
    expect(first.Actions[0].Id).toMatch(guid);
    expect([first.Slug, second.Slug]).toEqual(['say-hello', 'say-hello-1']);
    const again = await world.saveSteps(saved.body.Steps);
    expect(again.body.Steps).toEqual(saved.body.Steps);
    expect([saved.body.Version, again.body.Version]).toEqual([1, 2]);
  });

  it('refuse a save over a version that was not read, and keep what is there', async () => {
    await using world = await projectWorld();
    const saved = await world.saveSteps([step('A')]);
    const stale = await world.server.call('PUT', saved.body.Links.Self, { ...saved.body, Version: 0 });
    expect(stale.status).toBe(409);
    expect(stale.body.ErrorMessage).toContain('at version 1');
    expect((await world.server.get(saved.body.Links.Self)).body).toEqual(saved.body);
  });

  it('save action types that nobody knows', async () => {
    await using world = await projectWorld();
    const saved = await world.saveSteps([step('A', { ActionType: 'Ocotpus.Script' })]);
    expect(saved.status).toBe(200);
    expect(saved.body.Steps[0].Actions[0].ActionType).toBe('Ocotpus.Script');
  });

  it('take null for no steps, drop null properties and make texts of booleans and numbers', async () => {
    await using world = await projectWorld();
    const url = world.project.Links.DeploymentProcess;
    expect((await world.server.call('PUT', url, { Steps: null, Version: 0 })).body.Steps).toEqual([]);
    const saved = await world.saveSteps([step('A', { Properties: { A: null, B: true, C: 3, d: 'x' } })]);
    expect(saved.body.Steps[0].Actions[0].Properties).toEqual({ B: 'True', C: '3', d: 'x' });
  });

  it('never show a secret again, and keep it when it comes back without a value', async () => {
    await using world = await projectWorld();
    const secret = { HasValue: true, NewValue: 'hunter2-hunter2', Hint: null };
    const saved = await world.saveSteps([step('A', { Properties: { Password: secret } })]);
    const hidden = { HasValue: true, NewValue: null, Hint: null };
    expect(saved.body.Steps[0].Actions[0].Properties.Password).toEqual(hidden);
    expect(saved.raw.toString()).not.toContain('hunter2');
    const again = await world.saveSteps(saved.body.Steps);
    expect(again.body.Steps[0].Actions[0].Properties.Password).toEqual(hidden);
    const rows = await world.server.services.database.query
      .selectFrom('documents')
      .select('document')
      .execute();
    expect(JSON.stringify(rows)).not.toContain('hunter2');
  });

  it('refuse two steps of one name, since outputs are addressed by it', async () => {
    await using world = await projectWorld();
    const saved = await world.saveSteps([step('A'), step('a')]);
    expect(saved.status).toBe(400);
    expect(saved.body.ErrorMessage).toContain('Two steps are named "a"');
  });

  it('need a version, so that nobody overwrites blindly', async () => {
    await using world = await projectWorld();
    const saved = await world.server.call('PUT', world.project.Links.DeploymentProcess, { Steps: [] });
    expect(saved).toMatchObject({ status: 400, body: { ErrorMessage: 'Version is required.' } });
  });
});
