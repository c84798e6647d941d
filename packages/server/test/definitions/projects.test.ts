/** Projects, their settings and channels as clients see them. */
import { describe, expect, it } from 'vitest';
import { projectWorld, step } from './support.ts';

const S = '/api/Spaces-1';

describe('projects', () => {
  it('are made from a name, a group and a lifecycle, with everything that belongs to them', async () => {
    await using world = await projectWorld();
    const { server, project } = world;
    expect(project).toMatchObject({
      Id: 'Projects-1',
      Slug: 'shop',
      VariableSetId: 'variableset-Projects-1',
      DeploymentProcessId: 'deploymentprocess-Projects-1',
      TenantedDeploymentMode: 'Untenanted',
      PersistenceSettings: { Type: 'Database' },
      IncludedLibraryVariableSetIds: [],
      ClonedFromProjectId: null,
      IsVersionControlled: false,
    });
    expect((await server.get(`${S}/projects/shop`)).body).toEqual(project);
    const channels = await server.get(`${S}/projects/Projects-1/channels`);
    expect(channels.body.Items).toMatchObject([{ Name: 'Default', IsDefault: true, Type: 'Lifecycle' }]);
    expect((await server.get(`${S}/deploymentprocesses/deploymentprocess-Projects-1`)).status).toBe(200);
  });

  it('need a group and a lifecycle that exist, and say all that is missing', async () => {
    await using world = await projectWorld();
    const url = `${S}/projects`;
    const wrong = {
      Name: 'A',
      ProjectGroupId: 'ProjectGroups-9',
      LifecycleId: 'Lifecycles-9',
      IncludedLibraryVariableSetIds: ['LibraryVariableSets-9'],
    };
    const refused = await world.server.call('POST', url, wrong);
    expect(refused.status).toBe(400);
    expect(refused.body.Errors).toHaveLength(3);
    expect((await world.server.call('POST', url, {})).body.Errors).toEqual([
      'Name is required.',
      'ProjectGroupId is required.',
      'LifecycleId is required.',
    ]);
  });

  it('are not found by their name, as the command line expects', async () => {
    await using world = await projectWorld({ Name: 'Fire Project' });
    expect((await world.server.get(`${S}/projects/Fire%20Project`)).status).toBe(404);
    const found = await world.server.get(`${S}/projects?partialName=fire%20proj`);
    expect(found.body.Items[0].Name).toBe('Fire Project');
  });

  it('come back from a PUT as they were read', async () => {
    await using world = await projectWorld();
    const { server, project } = world;
    const same = await server.call('PUT', project.Links.Self, project);
    expect(same.body).toEqual(project);
    const changed = await server.call('PUT', project.Links.Self, { ...project, Description: 'new' });
    expect(changed.body).toEqual({ ...project, Description: 'new' });
  });

  it('show their settings under the newer names too', async () => {
    await using world = await projectWorld();
    const { server, project } = world;
    const settings = (await server.get(project.Links.DeploymentSettings)).body;
    expect(settings).toMatchObject({
      Id: 'deploymentsettings-Projects-1',
      ConnectivityPolicy: { SkipMachineBehavior: 'None' },
      DefaultGuidedFailureMode: 'EnvironmentDefault',
      FailTargetDiscovery: false,
    });
    const changed = await server.call('PUT', project.Links.DeploymentSettings, {
      ...settings,
      DefaultGuidedFailureMode: 'On',
      CancelQueuedTasks: true,
      Newer: { a: 1 },
    });
    expect(changed.body).toEqual({
      ...settings,
      DefaultGuidedFailureMode: 'On',
      CancelQueuedTasks: true,
      Newer: { a: 1 },
    });
    const after = (await server.get(project.Links.Self)).body;
    expect(after.DefaultGuidedFailureMode).toBe('On');
    expect(after).not.toHaveProperty('CancelQueuedTasks');
  });

  it('are listed by group and by lifecycle', async () => {
    await using world = await projectWorld();
    for (const owner of ['projectgroups/ProjectGroups-1', 'lifecycles/Lifecycles-1']) {
      expect((await world.server.get(`${S}/${owner}/projects`)).body.Items[0].Id).toBe('Projects-1');
    }
    expect((await world.server.call('DELETE', `${S}/lifecycles/Lifecycles-1`)).status).toBe(400);
    const group = await world.server.call('DELETE', `${S}/projectgroups/ProjectGroups-1`);
    expect(group.body.ErrorMessage).toContain('still holds projects');
  });

  it('go with everything that belongs to them', async () => {
    await using world = await projectWorld();
    const { server, project } = world;
    await world.saveSteps([step('A')]);
    await server.call('POST', `${S}/releases/create/v1`, { ProjectName: 'Shop' });
    expect((await server.call('DELETE', project.Links.Self)).status).toBe(200);
    const left = await server.services.database.query
      .selectFrom('documents')
      .select(['kind', 'id'])
      .where('kind', 'in', ['Projects', 'Channels', 'Processes', 'VariableSets', 'Releases'])
      .execute();
    expect(left).toEqual([]);
  });
});

describe('channels', () => {
  it('have one default in each project', async () => {
    await using world = await projectWorld();
    const { server } = world;
    const beta = await server.call('POST', `${S}/channels`, { Name: 'Beta', ProjectId: 'Projects-1' });
    expect(beta).toMatchObject({ status: 201, body: { IsDefault: false, Slug: 'beta', Type: 'Lifecycle' } });
    await server.call('PUT', beta.body.Links.Self, { ...beta.body, IsDefault: true });
    const all = (await server.get(`${S}/projects/shop/channels`)).body.Items;
    expect(all.map((each: { Name: string; IsDefault: boolean }) => [each.Name, each.IsDefault])).toEqual([
      ['Beta', true],
      ['Default', false],
    ]);
    const unset = await server.call('PUT', beta.body.Links.Self, { ...beta.body, IsDefault: false });
    expect(unset.body.ErrorMessage).toContain('Make another channel the default instead');
    const removed = await server.call('DELETE', beta.body.Links.Self);
    expect(removed.body.ErrorMessage).toContain('default channel');
  });

  it('stay while releases are in them', async () => {
    await using world = await projectWorld();
    const { server } = world;
    const beta = await server.call('POST', `${S}/channels`, { Name: 'Beta', ProjectId: 'Projects-1' });
    const made = await server.call('POST', `${S}/releases/create/v1`, {
      ProjectName: 'Shop',
      ChannelName: 'beta',
    });
    const refused = await server.call('DELETE', beta.body.Links.Self);
    expect(refused.body.ErrorMessage).toContain('still has releases (0.0.1');
    const list = await server.get(`${S}/channels/${beta.body.Id}/releases`);
    expect(list.body.Items.map((each: { Id: string }) => each.Id)).toEqual([made.body.ReleaseId]);
    await server.call('DELETE', `${S}/releases/${made.body.ReleaseId}`);
    expect((await server.call('DELETE', beta.body.Links.Self)).status).toBe(200);
  });

  it('are not found by their name in a path, as the command line expects', async () => {
    await using world = await projectWorld();
    expect((await world.server.get(`${S}/channels/Default`)).status).toBe(404);
    expect((await world.server.get(`${S}/projects/shop/channels/Channels-9`)).body.ErrorMessage).toContain(
      'no channel "Channels-9"',
    );
  });
});
