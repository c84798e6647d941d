/** Environments as clients see them. */
import { describe, expect, it } from 'vitest';
import { testServer } from './support.ts';

describe('environments', () => {
  it('are created with 201 and everything that clients read', async () => {
    await using server = await testServer();
    const made = await server.call('POST', '/api/Spaces-1/environments', { Name: 'Production' });
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({
      Id: 'Environments-1',
      SpaceId: 'Spaces-1',
      Name: 'Production',
      Slug: 'production',
      Description: '',
      SortOrder: 0,
      UseGuidedFailure: false,
      AllowDynamicInfrastructure: true,
      EnvironmentTags: [],
      ExtensionSettings: [],
      Links: { Self: '/api/Spaces-1/environments/Environments-1' },
    });
    expect((await server.get(made.body.Links.Self)).body).toEqual(made.body);
  });

  it('keep fields that the server does not know, as they came', async () => {
    await using server = await testServer();
    const made = await server.call('POST', '/api/Spaces-1/environments', {
      name: 'Test',
      FutureThing: { anyCase: [1, null] },
      spaceIdOrName: 'Default',
    });
    expect(made.body.Name).toBe('Test');
    expect(made.body.FutureThing).toEqual({ anyCase: [1, null] });
    expect(made.body).not.toHaveProperty('spaceIdOrName');
  });

  it('have unique names whatever the case, and say so', async () => {
    await using server = await testServer();
    await server.call('POST', '/api/Spaces-1/environments', { Name: 'Test' });
    const again = await server.call('POST', '/api/Spaces-1/environments', { Name: 'TEST' });
    expect(again.status).toBe(400);
    expect(again.body.ErrorMessage).toContain('environment named "TEST" already exists');
  });

  it('stand in their sort order, newcomers last, and can be put into another', async () => {
    await using server = await testServer();
    for (const Name of ['Dev', 'Test', 'Live'])
      await server.call('POST', '/api/Spaces-1/environments', { Name });
    const names = async () =>
      (await server.get('/api/Spaces-1/environments/all')).body.map((e: { Name: string }) => e.Name);
    expect(await names()).toEqual(['Dev', 'Test', 'Live']);
    const moved = await server.call('PUT', '/api/Spaces-1/environments/sortorder', [
      'Environments-3',
      'Environments-1',
    ]);
    expect(moved.status).toBe(200);
    expect(await names()).toEqual(['Live', 'Dev', 'Test']);
  });

  it('are changed with PUT and 200, keeping what the body leaves to the server', async () => {
    await using server = await testServer();
    const { body } = await server.call('POST', '/api/Spaces-1/environments', { Name: 'Test' });
    const changed = await server.call('PUT', body.Links.Self, {
      ...body,
      Description: 'for tests',
      SortOrder: undefined,
    });
    expect(changed.status).toBe(200);
    expect(changed.body).toEqual({ ...body, Description: 'for tests' });
  });

  it('are deleted with 200 and an empty body of known length', async () => {
    await using server = await testServer();
    const { body } = await server.call('POST', '/api/Spaces-1/environments', { Name: 'Test' });
    const gone = await server.call('DELETE', body.Links.Self);
    expect(gone).toMatchObject({ status: 200, body: '' });
    expect(gone.headers['content-length']).toBe('0');
    expect((await server.get(body.Links.Self)).status).toBe(404);
    const next = await server.call('POST', '/api/Spaces-1/environments', { Name: 'Test' });
    expect(next.body.Id).toBe('Environments-2');
  });

  it('cannot go while a lifecycle deploys to them', async () => {
    await using server = await testServer();
    const { body } = await server.call('POST', '/api/Spaces-1/environments', { Name: 'Test' });
    await server.call('POST', '/api/Spaces-1/lifecycles', {
      Name: 'Short',
      Phases: [{ Name: 'Only', OptionalDeploymentTargets: [body.Id] }],
    });
    const refused = await server.call('DELETE', body.Links.Self);
    expect(refused.status).toBe(400);
    expect(refused.body.ErrorMessage).toContain('lifecycle "Short"');
  });

  it('have a newer list that tells their type and takes several ids', async () => {
    await using server = await testServer();
    for (const Name of ['A', 'B', 'C']) await server.call('POST', '/api/Spaces-1/environments', { Name });
    const found = await server.get('/api/Spaces-1/environments/v2?ids=Environments-1,Environments-3');
    expect(found.body.Items.map((e: { Id: string; Type: string }) => [e.Id, e.Type])).toEqual([
      ['Environments-1', 'Static'],
      ['Environments-3', 'Static'],
    ]);
    expect((await server.get('/api/Spaces-1/environments/v2?type=Ephemeral')).body.TotalResults).toBe(0);
  });

  it('are summed up: each with its deployment targets, of which there are none', async () => {
    await using server = await testServer();
    for (const Name of ['Test', 'Live']) await server.call('POST', '/api/Spaces-1/environments', { Name });
    const summary = async (query = '') =>
      (await server.get(`/api/Spaces-1/environments/summary${query}`)).body;
    expect(await summary()).toMatchObject({
      TotalMachines: 0,
      EnvironmentSummaries: [
        { Environment: { Name: 'Test' }, TotalMachines: 0, MachineHealthStatusSummaries: {} },
        { Environment: { Name: 'Live' } },
      ],
    });
    expect((await summary('?partialName=liv')).EnvironmentSummaries).toHaveLength(1);
    expect((await summary('?hideEmptyEnvironments=true')).EnvironmentSummaries).toEqual([]);
  });

  it('tell which variables of projects and library sets are for them alone, not those of releases', async () => {
    await using server = await testServer();
    const { body: test } = await server.call('POST', '/api/environments', { Name: 'Test' });
    const { body: live } = await server.call('POST', '/api/environments', { Name: 'Live' });
    const { body: shared } = await server.call('POST', '/api/libraryvariablesets', { Name: 'Shared' });
    const { body: project } = await server.call('POST', '/api/projects', {
      Name: 'Shop',
      ProjectGroupId: 'ProjectGroups-1',
      LifecycleId: 'Lifecycles-1',
    });
    const only = { Name: 'Only', Value: 'x', Scope: { Environment: [test.Id] } };
    const both = { Name: 'Both', Value: 'x', Scope: { Environment: [test.Id, live.Id] } };
    for (const owner of [shared.Id, project.Id]) {
      const Variables = [only, both];
      await server.call('PUT', `/api/variables/variableset-${owner}`, { Variables });
    }
    const release = await server.call('POST', '/api/releases', { ProjectId: project.Id, Version: '1.0.0' });
    expect(release.status).toBe(201);
    const { body } = await server.get(`/api/environments/${test.Id}/singlyScopedVariableDetails`);
    const names = Object.entries<{ Name: string }[]>(body.VariableMap).map(([owner, all]) => [
      owner,
      all.map(({ Name }) => Name),
    ]);
    expect(Object.fromEntries(names)).toEqual({ [shared.Id]: ['Only'], [project.Id]: ['Only'] });
  });

  it('of another space are not found', async () => {
    await using server = await testServer();
    const { body } = await server.call('POST', '/api/Spaces-1/environments', { Name: 'Test' });
    const space = await server.call('POST', '/api/spaces', {
      Name: 'Other',
      SpaceManagersTeamMembers: ['Users-1'],
    });
    expect((await server.get(`/api/${space.body.Id}/environments/${body.Id}`)).status).toBe(404);
  });
});
