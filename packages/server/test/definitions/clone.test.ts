/** A project as a copy of another. */
import { describe, expect, it } from 'vitest';
import { openSensitive } from '../../src/database/index.ts';
import { propertyPlace } from '../../src/processes/accept.ts';
import { processesIn } from '../../src/processes/queries.ts';
import { isSealed, valuePlace, variableSetsIn } from '../../src/variables/queries.ts';
import { projectWorld, step } from './support.ts';

const S = '/api/Spaces-1';
const body = { Name: 'Copy', ProjectGroupId: 'ProjectGroups-1', LifecycleId: 'Lifecycles-1' };

/** A project with everything that can be copied, and its copy. */
async function cloned() {
  const world = await projectWorld({ Description: 'The first one', DefaultGuidedFailureMode: 'On' });
  const { server, project } = world;
  const { body: beta } = await server.call('POST', `${S}/channels`, { ProjectId: project.Id, Name: 'Beta' });
  await world.saveSteps([
    step('Build', {
      Channels: [beta.Id],
      Properties: {
        'Octopus.Action.Script.ScriptBody': 'true',
        Secret: { HasValue: true, NewValue: 'canary one' },
      },
    }),
  ]);
  const { body: runbook } = await server.call('POST', `${S}/runbooks`, {
    ProjectId: project.Id,
    Name: 'Tidy',
  });
  const { body: process } = await server.get(`${S}/runbookProcesses/RunbookProcess-${runbook.Id}`);
  await server.call('PUT', `${S}/runbookProcesses/${process.Id}`, { ...process, Steps: [step('Sweep')] });
  await server.call('POST', `${S}/runbookSnapshots?publish=true`, {
    ProjectId: project.Id,
    RunbookId: runbook.Id,
    Name: 'First',
  });
  const { body: set } = await server.get(`${S}/variables/${project.VariableSetId}`);
  await server.call('PUT', `${S}/variables/${project.VariableSetId}`, {
    ...set,
    Variables: [
      { Name: 'Plain', Value: 'x', Scope: { Channel: [beta.Id], ProcessOwner: [project.Id, runbook.Id] } },
      { Name: 'Token', Value: 'canary two', Type: 'Sensitive', IsSensitive: true },
    ],
  });
  await server.call('POST', `${S}/releases`, { ProjectId: project.Id, Version: '1.0.0', ChannelId: beta.Id });
  const copy = await server.call('POST', `${S}/projects?clone=${project.Id}`, body);
  expect(copy.status).toBe(201);
  return { ...world, beta, runbook, copy: copy.body };
}

describe('a cloned project', () => {
  it('has the settings of the other, a name of its own, and says what it was made from', async () => {
    await using world = await cloned();
    expect(world.copy).toMatchObject({
      Name: 'Copy',
      Slug: 'copy',
      Description: 'The first one',
      DefaultGuidedFailureMode: 'On',
      ClonedFromProjectId: world.project.Id,
    });
    const { body: found } = await world.server.get(`${S}/projects?clonedFromProjectId=${world.project.Id}`);
    expect(found.Items).toEqual([world.copy]);
  });

  it('has channels, process, runbooks and variables that name each other, and nothing of what happened', async () => {
    await using world = await cloned();
    const { server, copy, beta, runbook } = world;
    const { body: channels } = await server.get(`${S}/projects/${copy.Id}/channels`);
    expect(channels.Items.map(({ Name }: { Name: string }) => Name)).toEqual(['Default', 'Beta']);
    const ownBeta = channels.Items[1].Id;
    expect(ownBeta).not.toBe(beta.Id);
    const { body: process } = await server.get(`${S}/projects/${copy.Id}/deploymentprocesses`);
    expect(process).toMatchObject({
      Version: 1,
      Steps: [{ Name: 'Build', Actions: [{ Channels: [ownBeta] }] }],
    });
    const { body: runbooks } = await server.get(`${S}/projects/${copy.Id}/runbooks`);
    expect(runbooks.Items).toMatchObject([{ Name: 'Tidy', PublishedRunbookSnapshotId: null }]);
    const [own] = runbooks.Items;
    expect(own.Id).not.toBe(runbook.Id);
    const { body: steps } = await server.get(`${S}/runbookProcesses/${own.RunbookProcessId}`);
    expect(steps.Steps).toMatchObject([{ Name: 'Sweep' }]);
    const { body: set } = await server.get(`${S}/variables/${copy.VariableSetId}`);
    expect(set.Variables[0].Scope).toEqual({ Channel: [ownBeta], ProcessOwner: [copy.Id, own.Id] });
    expect((await server.get(`${S}/projects/${copy.Id}/releases`)).body.TotalResults).toBe(0);
  });

  it('is answered as it is stored: what creates its releases names its own channel', async () => {
    await using world = await projectWorld();
    const { server, project } = world;
    const { body: beta } = await server.call('POST', `${S}/channels`, {
      ProjectId: project.Id,
      Name: 'Beta',
    });
    const ReleaseCreationStrategy = { ChannelId: beta.Id };
    await server.call('PUT', `${S}/projects/${project.Id}`, { ...project, ReleaseCreationStrategy });
    const { body: copy } = await server.call('POST', `${S}/projects?clone=${project.Id}`, body);
    const { body: channels } = await server.get(`${S}/projects/${copy.Id}/channels`);
    expect(copy.ReleaseCreationStrategy.ChannelId).toBe(channels.Items[1].Id);
    expect((await server.get(`${S}/projects/${copy.Id}`)).body).toEqual(copy);
  });

  it('has secrets of its own: they open where they lie now, and outlive the original', async () => {
    await using world = await cloned();
    const { server, copy, project } = world;
    const { database, keys } = server.services;
    expect((await server.call('DELETE', `${S}/projects/${project.Id}`)).status).toBe(200);
    const process = await processesIn(database).get(copy.DeploymentProcessId);
    const [action] = process.document.Steps[0]?.Actions ?? [];
    const sealed = action?.Properties.Secret;
    if (action === undefined || typeof sealed !== 'object')
      throw new Error('The secret of the step is gone.');
    const place = propertyPlace(process.id, action.Id, 'Secret');
    expect(openSensitive(keys, place, sealed)?.reveal()).toBe('canary one');
    const set = await variableSetsIn(database).get(copy.VariableSetId);
    const token = set.document.Variables.find(({ Name }) => Name === 'Token');
    if (token === undefined || !isSealed(token.Value)) throw new Error('The secret variable is gone.');
    expect(keys.open(token.Value.sealed, valuePlace(set.id, token.Id)).reveal()).toBe('canary two');
  });

  it('is not made of a project that does not exist, or lies in another space', async () => {
    await using world = await projectWorld();
    const { server, project } = world;
    expect((await server.call('POST', `${S}/projects?clone=Projects-99`, body)).status).toBe(404);
    const { body: space } = await server.call('POST', '/api/spaces', {
      Name: 'Other',
      SpaceManagersTeamMembers: ['Users-1'],
    });
    const { body: groups } = await server.get(`/api/${space.Id}/projectgroups/all`);
    const { body: lifecycles } = await server.get(`/api/${space.Id}/lifecycles/all`);
    const there = { Name: 'Copy', ProjectGroupId: groups[0].Id, LifecycleId: lifecycles[0].Id };
    const refused = await server.call('POST', `/api/${space.Id}/projects?clone=${project.Id}`, there);
    expect(refused.status).toBe(404);
    expect((await server.get(`/api/${space.Id}/projects`)).body.TotalResults).toBe(0);
  });
});
