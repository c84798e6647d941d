/** Runbooks and their snapshots as clients see them. */
import { describe, expect, it } from 'vitest';
import { loadRunbookSnapshot } from '../../src/runbooks/index.ts';
import { projectWorld, step } from './support.ts';

const S = '/api/Spaces-1';

async function runbookWorld(fields: object = {}) {
  const world = await projectWorld();
  const { server, project } = world;
  const url = `${S}/projects/${project.Id}/runbooks`;
  const made = await server.call('POST', url, { Name: 'Clean up', ...fields });
  const save = async (steps: readonly object[]) => {
    const process = `${S}/projects/${project.Id}/runbookProcesses/${made.body.RunbookProcessId}`;
    return server.call('PUT', process, { ...(await server.get(process)).body, Steps: steps });
  };
  const snapshot = (body: object, query = '') =>
    server.call('POST', `${S}/projects/${project.Id}/runbookSnapshots${query}`, {
      ProjectId: project.Id,
      RunbookId: made.body.Id,
      ...body,
    });
  return {
    world,
    server,
    project,
    url,
    made,
    save,
    snapshot,
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
}

describe('runbooks', () => {
  it('come with a process of their own and all that clients read', async () => {
    await using world = await runbookWorld();
    const { server, made, url, project } = world;
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({
      Id: 'Runbooks-1',
      Slug: 'clean-up',
      ProjectId: project.Id,
      RunbookProcessId: 'RunbookProcess-Runbooks-1',
      PublishedRunbookSnapshotId: null,
      EnvironmentScope: 'All',
      Environments: [],
      MultiTenancyMode: 'Untenanted',
      RunRetentionPolicy: { QuantityToKeep: 100, ShouldKeepForever: false, Unit: 'Items' },
    });
    expect((await server.get(`${S}/runbooks/Runbooks-1`)).body).toEqual(made.body);
    expect((await server.get(`${url}/clean-up`)).body).toEqual(made.body);
    expect((await server.get(url)).body.TotalResults).toBe(1);
    const process = await server.get(`${S}/runbookprocesses/RunbookProcess-Runbooks-1`);
    expect(process.body).toMatchObject({
      RunbookId: 'Runbooks-1',
      ProjectId: project.Id,
      Steps: [],
      Version: 0,
    });
  });

  it('run what is published, and keep it when the draft goes on', async () => {
    await using world = await runbookWorld();
    const { server, save, snapshot } = world;
    await save([step('Old')]);
    const first = await snapshot({ Name: 'One', Notes: 'n' }, '?publish=true');
    expect(first.status).toBe(201);
    expect(first.body).toMatchObject({ Name: 'One', Notes: 'n', RunbookId: 'Runbooks-1' });
    await save([step('New')]);
    const draft = await snapshot({ Name: 'Two' });
    const runbook = (await server.get(`${S}/runbooks/Runbooks-1`)).body;
    expect(runbook.PublishedRunbookSnapshotId).toBe(first.body.Id);
    const steps = async (id: string) =>
      (await loadRunbookSnapshot(server.services, id)).process.steps.map((each) => each.name);
    expect(await steps(first.body.Id)).toEqual(['Old']);
    expect(await steps(draft.body.Id)).toEqual(['New']);
    const byName = await server.get(`${S}/projects/Projects-1/runbookSnapshots/Two`);
    expect(byName.body).toEqual(draft.body);
    const list = await server.get(`${S}/projects/Projects-1/runbooks/Runbooks-1/runbookSnapshots`);
    expect(list.body.Items.map((each: { Name: string }) => each.Name)).toEqual(['Two', 'One']);
  });

  it('name their snapshots themselves when nobody does, and refuse a name twice', async () => {
    await using world = await runbookWorld();
    expect((await world.snapshot({})).body.Name).toMatch(/^Snapshot [A-Z2-9]{6}$/);
    await world.snapshot({ Name: 'One' });
    const again = await world.snapshot({ Name: 'one' });
    expect(again.status).toBe(400);
    expect(again.body.ErrorMessage).toContain('already has a snapshot "one"');
  });

  it('know where they may run', async () => {
    await using world = await runbookWorld({ EnvironmentScope: 'All' });
    const { server, url, made } = world;
    for (const Name of ['Test', 'Live']) await server.call('POST', `${S}/environments`, { Name });
    const names = async () =>
      (await server.get(`${url}/${made.body.Id}/environments`)).body.map(
        (each: { Name: string }) => each.Name,
      );
    expect(await names()).toEqual(['Test', 'Live']);
    const limited = { ...made.body, EnvironmentScope: 'Specified', Environments: ['Environments-2'] };
    expect((await server.call('PUT', `${url}/${made.body.Id}`, limited)).status).toBe(200);
    expect(await names()).toEqual(['Live']);
    const wrong = await server.call('PUT', made.body.Links.Self, {
      ...limited,
      Environments: ['Environments-9'],
    });
    expect(wrong.body.ErrorMessage).toContain('environment Environments-9 does not exist');
  });

  it('cannot publish what is not theirs', async () => {
    await using world = await runbookWorld();
    const wrong = { ...world.made.body, PublishedRunbookSnapshotId: 'RunbookSnapshots-7' };
    const refused = await world.server.call('PUT', world.made.body.Links.Self, wrong);
    expect(refused.status).toBe(400);
    expect(refused.body.ErrorMessage).toContain('has no snapshot RunbookSnapshots-7');
  });

  it('go with everything, by themselves and with their project', async () => {
    await using world = await runbookWorld();
    const { server, made, snapshot, save, project } = world;
    await save([step('A')]);
    const frozen = (await snapshot({ Name: 'One' }, '?publish=true')).body;
    expect((await server.call('DELETE', made.body.Links.Self)).status).toBe(200);
    for (const path of [
      `${S}/runbookSnapshots/${frozen.Id}`,
      `${S}/runbookProcesses/${frozen.FrozenRunbookProcessId}`,
      `${S}/runbookProcesses/RunbookProcess-Runbooks-1`,
    ])
      expect([path, (await server.get(path)).status]).toEqual([path, 404]);
    await server.call('POST', `${S}/projects/${project.Id}/runbooks`, { Name: 'Another' });
    expect((await server.call('DELETE', project.Links.Self)).status).toBe(200);
    expect((await server.get(`${S}/runbooks`)).body.TotalResults).toBe(0);
  });

  it('show what a run would do, of the draft and of a snapshot', async () => {
    await using world = await runbookWorld();
    const { server, save, snapshot, url } = world;
    await server.call('POST', `${S}/environments`, { Name: 'Test' });
    await save([step('Old')]);
    const { body } = await snapshot({ Name: 'One' });
    await save([step('New'), step('Off', { IsDisabled: true })]);
    const names = (preview: { StepsToExecute: { ActionName: string }[] }) =>
      preview.StepsToExecute.map((each) => each.ActionName);
    const frozen = await server.get(`${S}/runbookSnapshots/${body.Id}/runbookRuns/preview/Environments-1`);
    expect(names(frozen.body)).toEqual(['Old']);
    const draft = await server.get(`${url}/Runbooks-1/runbookRuns/preview/Environments-1`);
    expect(names(draft.body)).toEqual(['New']);
    const several = await server.call('POST', `${url}/Runbooks-1/runbookRuns/previews`, {
      DeploymentPreviews: [{ EnvironmentId: 'Environments-1' }],
      IncludeDisabledSteps: true,
    });
    expect(several.body.map(names)).toEqual([['New', 'Off']]);
  });
});
