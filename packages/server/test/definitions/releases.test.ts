/** Releases as clients make and read them. */
import { describe, expect, it } from 'vitest';
import { provideHistory } from '../../src/releases/history.ts';
import { checkProgression } from '../../src/releases/lifecycle.ts';
import { loadRelease } from '../../src/releases/load.ts';
import type { TestServer } from '../support.ts';
import { projectWorld, step } from './support.ts';

const S = '/api/Spaces-1';

async function release(server: TestServer, fields: object = {}) {
  return server.call('POST', `${S}/releases/create/v1`, { projectName: 'Shop', ...fields });
}

describe('releases', () => {
  it('count from 0.0.1, then on from the last version', async () => {
    await using world = await projectWorld();
    const { server, project } = world;
    const versions: string[] = [];
    for (const ReleaseVersion of [undefined, undefined, '5.0.0', undefined, 'DeleteMe5.0', undefined]) {
      const made = await release(server, { ReleaseVersion });
      expect(made.status).toBe(201);
      versions.push(made.body.ReleaseVersion);
    }
    expect(versions).toEqual(['0.0.1', '0.0.2', '5.0.0', '5.0.1', 'DeleteMe5.0', '5.0.2']);
    const list = await server.get(`${S}/projects/${project.Id}/releases`);
    expect(list.body.Items.map((each: { Version: string }) => each.Version)).toEqual(versions.toReversed());
    const found = await server.get(`${S}/projects/${project.Slug}/releases/DeleteMe5.0`);
    expect(found.body.Version).toBe('DeleteMe5.0');
    const search = await server.get(`${S}/projects/${project.Id}/releases?searchByVersion=5.0.`);
    expect(search.body.TotalResults).toBe(3);
  });

  it('can be made the classic way, with everything that clients read', async () => {
    await using world = await projectWorld();
    const { server, project } = world;
    const channel = (await server.get(`${S}/projects/${project.Id}/channels`)).body.Items[0];
    const made = await server.call('POST', `${S}/releases`, {
      Version: '1.0.0',
      ProjectId: project.Id,
      ChannelId: channel.Id,
      ReleaseNotes: 'first',
      CustomFields: { Ticket: 'A-1' },
      FutureThing: [1],
    });
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({
      Id: 'Releases-1',
      Version: '1.0.0',
      ProjectId: project.Id,
      ChannelId: channel.Id,
      ReleaseNotes: 'first',
      CustomFields: { Ticket: 'A-1' },
      FutureThing: [1],
      SelectedPackages: [],
      LibraryVariableSetSnapshotIds: [],
    });
    expect(made.body.Assembled).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00$/);
    expect((await server.get(made.body.Links.Self)).body).toEqual(made.body);
  });

  it('freeze process and variables; later edits change neither', async () => {
    await using world = await projectWorld();
    const { server } = world;
    await world.saveSteps([step('Old')]);
    const { body } = await release(server);
    const before = (await server.get(`${S}/releases/${body.ReleaseId}`)).body;
    await world.saveSteps([step('New')]);
    const frozenUrl = before.Links.ProjectDeploymentProcessSnapshot;
    expect(before.ProjectDeploymentProcessSnapshotId).toMatch(/^deploymentprocess-Projects-1-s-1-[A-Z]{5}$/);
    const frozen = (await server.get(frozenUrl)).body;
    expect(frozen.Steps[0].Name).toBe('Old');
    const refused = await server.call('PUT', frozenUrl, frozen);
    expect(refused).toMatchObject({ status: 400 });
    expect(refused.body.ErrorMessage).toContain('is a snapshot and never changes');
    expect(before.ProjectVariableSetSnapshotId).toMatch(/^variableset-Projects-1-s-\d+-[A-Z]{5}$/);
    const template = await server.get(before.Links.DeploymentTemplate);
    expect(template.body).toMatchObject({ IsDeploymentProcessModified: true, IsVariableSetModified: false });
  });

  it('of one process version share its frozen copy, until the last of them goes', async () => {
    await using world = await projectWorld();
    const { server } = world;
    await world.saveSteps([step('A')]);
    const releases = [];
    for (let count = 0; count < 2; count += 1) {
      const { body } = await release(server);
      releases.push((await server.get(`${S}/releases/${body.ReleaseId}`)).body);
    }
    const frozen = releases[0].Links.ProjectDeploymentProcessSnapshot;
    expect(releases[1].Links.ProjectDeploymentProcessSnapshot).toBe(frozen);
    expect((await server.call('DELETE', releases[0].Links.Self)).status).toBe(200);
    expect((await server.get(frozen)).status).toBe(200);
    await server.call('DELETE', releases[1].Links.Self);
    expect((await server.get(frozen)).status).toBe(404);
    const next = await release(server);
    expect(next.status).toBe(201);
  });

  it('refuse a version that is taken, unless that is what the client wants', async () => {
    await using world = await projectWorld();
    const { server } = world;
    const first = await release(server, { ReleaseVersion: '1.0' });
    const again = await release(server, { ReleaseVersion: '1.0' });
    expect(again.status).toBe(400);
    expect(again.body.ErrorMessage).toContain('already has a release 1.0');
    const ignored = await release(server, { ReleaseVersion: '1.0', IgnoreIfAlreadyExists: true });
    expect(ignored.body).toEqual(first.body);
  });

  it('say which project or channel is unknown', async () => {
    await using world = await projectWorld();
    const noProject = await release(world.server, { projectName: 'Nowhere' });
    expect(noProject.status).toBe(404);
    expect(noProject.body.ErrorMessage).toContain('"Nowhere"');
    const noChannel = await release(world.server, { ChannelName: 'Beta' });
    expect(noChannel.body.ErrorMessage).toContain('no channel "Beta". It has "Default"');
  });

  it('take a new number, notes and channel, and keep what is frozen', async () => {
    await using world = await projectWorld();
    const { server } = world;
    const { body } = await release(server);
    const before = (await server.get(`${S}/releases/${body.ReleaseId}`)).body;
    const changed = await server.call('PUT', before.Links.Self, {
      ...before,
      Version: '2.0',
      Assembled: 'x',
    });
    expect(changed.body).toEqual({
      ...before,
      Version: '2.0',
      Links: { ...before.Links, Web: '/app#/Spaces-1/projects/Projects-1/releases/2.0' },
    });
  });

  it('answer a repeated Idempotency-Key with the first release', async () => {
    await using world = await projectWorld();
    const send = () =>
      world.server.call(
        'POST',
        `${S}/releases/create/v1`,
        { ProjectName: 'Shop' },
        { 'idempotency-key': 'one' },
      );
    expect((await send()).body).toEqual((await send()).body);
    expect((await world.server.get(`${S}/releases`)).body.TotalResults).toBe(1);
  });

  it('are told what comes next by the template', async () => {
    await using world = await projectWorld();
    await release(world.server, { ReleaseVersion: '5.0.0' });
    const url = `${S}/projects/Projects-1/deploymentprocesses/template?channel=`;
    expect((await world.server.get(url)).body).toEqual({
      DeploymentProcessId: 'deploymentprocess-Projects-1',
      LastReleaseVersion: '5.0.0',
      NextVersionIncrement: '5.0.1',
      VersioningPackageStepName: null,
      VersioningPackageReferenceName: null,
      Packages: [],
      GitResources: [],
    });
  });
});

describe('package versions of a release', () => {
  const withPackages = () =>
    step('Install', {
      Packages: [
        { Name: '', PackageId: 'Shop.Web', FeedId: 'feeds-builtin', AcquisitionLocation: 'Server' },
        { Name: 'tools', PackageId: 'Tools', FeedId: 'feeds-builtin', AcquisitionLocation: 'Server' },
      ],
    });

  it('are what the client names, most exactly named first', async () => {
    await using world = await projectWorld();
    await world.saveSteps([withPackages()]);
    const made = await release(world.server, {
      PackageVersion: '9.9',
      Packages: ['*:1.0', 'tools:*:2.0'],
    });
    expect(made.status).toBe(201);
    const { body } = await world.server.get(`${S}/releases/${made.body.ReleaseId}`);
    expect(body.SelectedPackages).toEqual([
      { ActionName: 'Install', StepName: 'Install', PackageReferenceName: '', Version: '1.0' },
      { ActionName: 'Install', StepName: 'Install', PackageReferenceName: 'tools', Version: '2.0' },
    ]);
  });

  it('are the default version where nothing names them', async () => {
    await using world = await projectWorld();
    await world.saveSteps([withPackages()]);
    const made = await release(world.server, { PackageVersion: '9.9', Packages: ['Shop.Web:1.0'] });
    const { body } = await world.server.get(`${S}/releases/${made.body.ReleaseId}`);
    expect(body.SelectedPackages.map((each: { Version: string }) => each.Version)).toEqual(['1.0', '9.9']);
  });

  it('are complained about all at once, and no release is made', async () => {
    await using world = await projectWorld();
    await world.saveSteps([withPackages()]);
    const made = await release(world.server, { Packages: ['Other:1.0', 'Tools:1.0'] });
    expect(made.status).toBe(400);
    expect(made.body.Errors).toHaveLength(2);
    expect(made.body.ErrorMessage).toContain('"Other:1.0" names no package');
    expect(made.body.ErrorMessage).toContain('"Shop.Web" of the step "Install" has no version');
    expect((await world.server.get(`${S}/releases`)).body.TotalResults).toBe(0);
  });

  it('can give the release its number', async () => {
    const VersioningStrategy = { DonorPackage: { DeploymentAction: 'Install', PackageReference: '' } };
    await using world = await projectWorld({ VersioningStrategy });
    await world.saveSteps([withPackages()]);
    const made = await release(world.server, { PackageVersion: '4.2.0-rc.1' });
    expect(made.body.ReleaseVersion).toBe('4.2.0-rc.1');
  });
});

describe('defects', () => {
  it('keep a release from going further until they are resolved', async () => {
    await using world = await projectWorld();
    const { server } = world;
    await server.call('POST', `${S}/environments`, { Name: 'Test' });
    const { body } = await release(server);
    const { Links } = (await server.get(`${S}/releases/${body.ReleaseId}`)).body;
    const next = async () => (await server.get(Links.Progression)).body.NextDeployments;
    expect(await next()).toEqual(['Environments-1']);
    const reported = await server.call('POST', Links.ReportDefect, { Description: 'Data is lost.' });
    expect(reported).toMatchObject({ status: 201, body: { Status: 'Unresolved' } });
    expect(await next()).toEqual([]);
    expect((await server.get(Links.Progression)).body.Phases[0].Blocked).toBe(true);
    expect((await server.call('POST', Links.ReportDefect, { Description: 'Again.' })).status).toBe(400);
    await server.call('POST', Links.ResolveDefect);
    expect(await next()).toEqual(['Environments-1']);
    expect((await server.get(Links.Defects)).body.Items[0].Status).toBe('Resolved');
  });
});

describe('previews', () => {
  it('show the steps for one environment, disabled ones only when asked', async () => {
    await using world = await projectWorld();
    const { server } = world;
    await server.call('POST', `${S}/environments`, { Name: 'Test' });
    await server.call('POST', `${S}/environments`, { Name: 'Live' });
    await world.saveSteps([
      step('Everywhere', { IsRequired: true }),
      step('Live only', { Environments: ['Environments-2'] }),
      step('Not in Test', { ExcludedEnvironments: ['Environments-1'] }),
      step('Off', { IsDisabled: true }),
    ]);
    const { body } = await release(server);
    const url = `${S}/releases/${body.ReleaseId}/deployments`;
    const names = (preview: { StepsToExecute: { ActionName: string }[] }) =>
      preview.StepsToExecute.map((each) => each.ActionName);
    const test = (await server.get(`${url}/preview/Environments-1`)).body;
    expect(names(test)).toEqual(['Everywhere']);
    expect(test.StepsToExecute[0]).toMatchObject({ ActionNumber: '1', CanBeSkipped: false });
    const both = await server.call('POST', `${url}/previews`, {
      DeploymentPreviews: [{ EnvironmentId: 'Environments-1' }, { EnvironmentId: 'Environments-2' }],
      IncludeDisabledSteps: true,
    });
    expect(both.body.map(names)).toEqual([
      ['Everywhere', 'Off'],
      ['Everywhere', 'Live only', 'Not in Test', 'Off'],
    ]);
    const template = (await server.get(`${url}/template`)).body;
    expect(template.PromoteTo.map((each: { Name: string }) => each.Name)).toEqual(['Test', 'Live']);
    expect((await server.get(template.PromoteTo[0].Links.Preview)).body).toEqual(test);
  });
});

describe('the way through a lifecycle', () => {
  it('follows what deployments tell, and lifecycles as they are now', async () => {
    await using world = await projectWorld();
    const { server } = world;
    for (const Name of ['Test', 'Live']) await server.call('POST', `${S}/environments`, { Name });
    const { body } = await release(server);
    const way = async () => (await server.get(`${S}/releases/${body.ReleaseId}/progression`)).body;
    expect((await way()).NextDeployments).toEqual(['Environments-1', 'Environments-2']);
    const lifecycle = (await server.get(`${S}/lifecycles/Lifecycles-1`)).body;
    const Phases = ['Environments-1', 'Environments-2'].map((id) => ({
      Name: id,
      OptionalDeploymentTargets: [id],
    }));
    await server.call('PUT', lifecycle.Links.Self, { ...lifecycle, Phases });
    expect((await way()).NextDeployments).toEqual(['Environments-1']);
    const stored = (await loadRelease(server.services, body.ReleaseId)).release;
    await expect(checkProgression(server.services, stored, 'Environments-2')).rejects.toThrow(
      'needs successful deployments to "Test"',
    );
    const past = { id: 'D', environmentId: 'Environments-1', deployment: { Id: 'D' }, task: { Id: 'T' } };
    provideHistory(server.services, async () => [{ ...past, succeeded: true }]);
    await checkProgression(server.services, stored, 'Environments-2');
    expect((await way()).Phases).toMatchObject([
      { Progress: 'Complete', Deployments: [{ Deployment: { Id: 'D' }, Task: { Id: 'T' } }] },
      { Progress: 'Current', Deployments: [] },
    ]);
    await expect(checkProgression(server.services, stored, 'Environments-9')).rejects.toThrow(
      'was not found',
    );
  });
});

describe('version templates', () => {
  it('may use the variables of the project, as far as they need no environment', async () => {
    await using world = await projectWorld({
      VersioningStrategy: { Template: '#{Line}.#{Octopus.Version.NextPatch}' },
    });
    const { server } = world;
    const set = (await server.get(`${S}/variables/variableset-Projects-1`)).body;
    const Variables = [
      { Name: 'Line', Value: '7.1' },
      { Name: 'Line', Value: '9.9', Scope: { Environment: ['Environments-1'] } },
    ];
    await server.call('POST', `${S}/environments`, { Name: 'Test' });
    const saved = await server.call('PUT', `${S}/variables/variableset-Projects-1`, { ...set, Variables });
    expect(saved.status).toBe(200);
    expect((await release(server)).body.ReleaseVersion).toBe('7.1.1');
  });

  it('that do not work say what is missing', async () => {
    await using world = await projectWorld({ VersioningStrategy: { Template: '#{Nothing}.1' } });
    const made = await release(world.server);
    expect(made.status).toBe(400);
    expect(made.body.ErrorMessage).toContain('#{Nothing}');
  });
});
