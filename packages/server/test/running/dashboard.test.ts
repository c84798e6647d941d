/** What is deployed where: the dashboard of a space, and the progression of a project. */
import { beforeAll, describe, expect, it } from 'vitest';
import { type FakeWork, fakeWork } from './fake-work.ts';
import { type Made, makeProject } from './project-under-test.ts';

interface Item {
  readonly ProjectId: string;
  readonly EnvironmentId: string;
  readonly ReleaseVersion: string;
  readonly State: string;
}

const brief = (items: readonly Item[]) =>
  items.map(({ ProjectId, EnvironmentId, ReleaseVersion, State }) =>
    [ProjectId, EnvironmentId, ReleaseVersion, State].join(' '),
  );

describe('a space in which two projects were deployed', () => {
  let server: FakeWork;
  let shop: Made;
  let bank: Made;
  let development: string;
  let production: string;
  let failing = false;

  beforeAll(async () => {
    server = await fakeWork(() => (failing ? { exit: 1 } : {}));
    shop = await makeProject(server, [{ name: 'Build', script: 'true' }], { environment: 'Development' });
    bank = await makeProject(server, [{ name: 'Build', script: 'true' }], { environment: 'Production' });
    [development, production] = [shop.environmentId, bank.environmentId];
    const deploy = async (release: string, environment: string) => {
      const { taskId } = await server.deploy(release, environment);
      await server.task(taskId);
    };
    await deploy(shop.releaseId, development);
    await deploy(shop.releaseId, production);
    await deploy(bank.releaseId, development);
    const { body } = await server.call('POST', '/api/releases', { ProjectId: shop.projectId });
    await deploy(body.Id, development);
    failing = true;
    await deploy(body.Id, production);
    return () => server[Symbol.asyncDispose]();
  });

  it('is shown with the last deployment of each project to each environment, and the success before a failure', async () => {
    const { body } = await server.get('/api/Spaces-1/dashboard');
    expect(brief(body.Items).toSorted()).toEqual(
      [
        `${shop.projectId} ${development} 0.0.2 Success`,
        `${shop.projectId} ${production} 0.0.2 Failed`,
        `${bank.projectId} ${development} 0.0.1 Success`,
      ].toSorted(),
    );
    expect(brief(body.PreviousItems)).toEqual([`${shop.projectId} ${production} 0.0.1 Success`]);
    expect(body.Items.every(({ IsCurrent }: { IsCurrent: boolean }) => IsCurrent)).toBe(true);
    expect(body.Projects.map(({ Id }: { Id: string }) => Id)).toEqual([shop.projectId, bank.projectId]);
    expect(body.Projects[0].EnvironmentIds).toEqual([development, production]);
    expect(body.ProjectGroups).toMatchObject([
      { Id: 'ProjectGroups-1', EnvironmentIds: [development, production] },
    ]);
    expect(body.Environments.map(({ Name }: { Name: string }) => Name)).toEqual([
      'Development',
      'Production',
    ]);
    expect([body.Tenants, body.IsFiltered]).toEqual([[], false]);
  });

  it('is shown in parts: of projects, of environments, of one release', async () => {
    const only = await server.get(`/api/Spaces-1/dashboard/dynamic?projects=${bank.projectId}`);
    expect(brief(only.body.Items)).toEqual([`${bank.projectId} ${development} 0.0.1 Success`]);
    expect(only.body.Projects).toHaveLength(1);
    const there = await server.get(`/api/Spaces-1/dashboard/dynamic?environments=${production}`);
    expect(brief(there.body.Items)).toEqual([`${shop.projectId} ${production} 0.0.2 Failed`]);
    expect([there.body.Environments.length, there.body.PreviousItems]).toEqual([1, []]);
    const before = await server.get(`/api/dashboard/dynamic?environments=${production}&includePrevious=true`);
    expect(brief(before.body.PreviousItems)).toHaveLength(1);
    const release = await server.get(`/api/dashboard?releaseId=${bank.releaseId}`);
    expect(brief(release.body.Items)).toEqual([`${bank.projectId} ${development} 0.0.1 Success`]);
  });

  it('shows no other space, and nobody without the permission', async () => {
    const { body: space } = await server.call('POST', '/api/spaces', {
      Name: 'Other',
      SpaceManagersTeamMembers: ['Users-1'],
    });
    const { body } = await server.get(`/api/${space.Id}/dashboard`);
    expect([body.Items, body.Projects]).toEqual([[], []]);
    const { status } = await server.inject({ method: 'GET', url: '/api/dashboard' });
    expect(status).toBe(401);
  });

  it('has the releases of a project by environments, and where each may go next', async () => {
    const { body } = await server.get(`/api/Spaces-1/projects/${shop.projectId}/progression`);
    expect(body.Environments.map(({ Id }: { Id: string }) => Id)).toEqual([development, production]);
    const [newer, older] = body.Releases;
    expect(body.Releases).toHaveLength(2);
    expect([newer.Release.Version, older.Release.Version]).toEqual(['0.0.2', '0.0.1']);
    expect(newer.Channel.Name).toBe('Default');
    expect(body.ChannelEnvironments[newer.Channel.Id]).toHaveLength(2);
    expect(newer.Deployments[production]).toMatchObject([{ State: 'Failed', IsCurrent: true }]);
    expect(older.Deployments[production]).toMatchObject([{ State: 'Success', IsCurrent: false }]);
    expect([newer.NextDeployments, older.NextDeployments]).toEqual([[production], []]);
    await server.call('POST', `/api/releases/${newer.Release.Id}/defects`, { Description: 'It is broken.' });
    const again = await server.get(`/api/projects/${shop.projectId}/progression`);
    expect(
      again.body.Releases.map(
        ({ HasUnresolvedDefect }: { HasUnresolvedDefect: boolean }) => HasUnresolvedDefect,
      ),
    ).toEqual([true, false]);
  });
});
