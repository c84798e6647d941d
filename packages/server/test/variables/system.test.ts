/** The server's own variables, as a table: what is true of a task, and what a script reads. */
import { plainAction } from '@argonaut/orchestrator';
import { describe, expect, it } from 'vitest';
import {
  actionVariables,
  SYSTEM_NAMES,
  type SystemContext,
  systemVariables,
} from '../../src/variables/system.ts';

const person = { id: 'Users-1', username: 'ann', displayName: 'Ann', emailAddress: 'ann@example.org' };
const everything: SystemContext = {
  space: { id: 'Spaces-1', name: 'Default' },
  task: {
    id: 'ServerTasks-7',
    name: 'Deploy',
    queueTime: '2026-03-01T12:00:00.000Z',
    queueTimeExpiry: '2026-03-01T13:00:00.000Z',
    arguments: { DeploymentId: 'Deployments-3' },
  },
  project: { id: 'Projects-1', name: 'Shop' },
  projectGroup: { id: 'ProjectGroups-1', name: 'All' },
  environment: { id: 'Environments-1', name: 'Production', sortOrder: 2 },
  tenant: { id: 'Tenants-1', name: 'Acme', tags: ['Ring/Early', 'Size/Big'] },
  channel: { id: 'Channels-1', name: 'Stable' },
  release: {
    id: 'Releases-1',
    number: '1.2.3+4',
    notes: 'what is new',
    created: '2026-03-01T11:00:00.000Z',
    previous: { id: 'Releases-4', number: '1.2.2' },
    previousForEnvironment: { id: 'Releases-3', number: '1.2.1' },
    currentForEnvironment: { id: 'Releases-2', number: '1.2.0' },
    customFields: { Ticket: 'T-1' },
  },
  deployment: {
    id: 'Deployments-3',
    name: 'Deploy to Production',
    comments: 'now',
    created: '2026-03-01T12:00:00.000Z',
    createdBy: person,
    forcePackageDownload: true,
    specificMachines: ['Machines-1', 'Machines-2'],
    excludedMachines: [],
    previousSuccessfulId: 'Deployments-2',
    trigger: { id: 'ProjectTriggers-1', name: 'Nightly' },
  },
  runbook: { id: 'Runbooks-1', name: 'Restart' },
  runbookSnapshot: { id: 'RunbookSnapshots-1', name: 'Snapshot A', notes: 'why' },
  runbookRun: { id: 'RunbookRuns-1', name: 'Run', created: '2026-03-01T14:00:00.000+02:00' },
  baseUrl: 'https://deploy.example.org/',
};

describe('system variables', () => {
  const table: [name: string, value: string][] = [
    ['Octopus.Space.Id', 'Spaces-1'],
    ['Octopus.Space.Name', 'Default'],
    ['Octopus.Task.Id', 'ServerTasks-7'],
    ['Octopus.Task.Name', 'Deploy'],
    ['Octopus.Task.QueueTime', '2026-03-01T12:00:00.000Z'],
    ['Octopus.Task.QueueTimeExpiry', '2026-03-01T13:00:00.000Z'],
    ['Octopus.Task.Argument[DeploymentId]', 'Deployments-3'],
    ['Octopus.Project.Id', 'Projects-1'],
    ['Octopus.Project.Name', 'Shop'],
    ['Octopus.ProjectGroup.Id', 'ProjectGroups-1'],
    ['Octopus.ProjectGroup.Name', 'All'],
    ['Octopus.Environment.Id', 'Environments-1'],
    ['Octopus.Environment.Name', 'Production'],
    ['Octopus.Environment.SortOrder', '2'],
    ['Octopus.Deployment.Tenant.Id', 'Tenants-1'],
    ['Octopus.Deployment.Tenant.Name', 'Acme'],
    ['Octopus.Deployment.Tenant.Tags', 'Ring/Early,Size/Big'],
    ['Octopus.Release.Id', 'Releases-1'],
    ['Octopus.Release.Number', '1.2.3+4'],
    ['Octopus.Release.Notes', 'what is new'],
    ['Octopus.Release.Created', '2026-03-01T11:00:00.000Z'],
    ['Octopus.Release.Channel.Id', 'Channels-1'],
    ['Octopus.Release.Channel.Name', 'Stable'],
    ['Octopus.Release.Previous.Id', 'Releases-4'],
    ['Octopus.Release.Previous.Number', '1.2.2'],
    ['Octopus.Release.PreviousForEnvironment.Id', 'Releases-3'],
    ['Octopus.Release.PreviousForEnvironment.Number', '1.2.1'],
    ['Octopus.Release.CurrentForEnvironment.Id', 'Releases-2'],
    ['Octopus.Release.CurrentForEnvironment.Number', '1.2.0'],
    ['Octopus.Release.CustomFields[Ticket]', 'T-1'],
    ['Octopus.Deployment.Id', 'Deployments-3'],
    ['Octopus.Deployment.Name', 'Deploy to Production'],
    ['Octopus.Deployment.Comments', 'now'],
    ['Octopus.Deployment.Created', '2026-03-01T12:00:00.000Z'],
    ['Octopus.Deployment.CreatedBy.Id', 'Users-1'],
    ['Octopus.Deployment.CreatedBy.Username', 'ann'],
    ['Octopus.Deployment.CreatedBy.DisplayName', 'Ann'],
    ['Octopus.Deployment.CreatedBy.EmailAddress', 'ann@example.org'],
    ['Octopus.Deployment.ForcePackageDownload', 'True'],
    ['Octopus.Deployment.SpecificMachines', 'Machines-1,Machines-2'],
    ['Octopus.Deployment.ExcludedMachines', ''],
    ['Octopus.Deployment.PreviousSuccessful.Id', 'Deployments-2'],
    ['Octopus.Deployment.Trigger.Id', 'ProjectTriggers-1'],
    ['Octopus.Deployment.Trigger.Name', 'Nightly'],
    ['Octopus.Runbook.Id', 'Runbooks-1'],
    ['Octopus.Runbook.Name', 'Restart'],
    ['Octopus.RunbookSnapshot.Id', 'RunbookSnapshots-1'],
    ['Octopus.RunbookSnapshot.Name', 'Snapshot A'],
    ['Octopus.RunbookSnapshot.Notes', 'why'],
    ['Octopus.RunbookRun.Id', 'RunbookRuns-1'],
    ['Octopus.RunbookRun.Name', 'Run'],
    ['Octopus.RunbookRun.Created', '2026-03-01T14:00:00.000+02:00'],
    ['Octopus.RunbookRun.CreatedUtc', '2026-03-01T12:00:00.000Z'],
    ['Octopus.Web.BaseUrl', 'https://deploy.example.org'],
    ['Octopus.Web.ServerUri', 'https://deploy.example.org'],
    ['Octopus.Web.ProjectLink', '/app#/Spaces-1/projects/Projects-1'],
    ['Octopus.Web.ReleaseLink', '/app#/Spaces-1/projects/Projects-1/releases/1.2.3%2B4'],
    ['Octopus.Web.DeploymentLink', '/app#/Spaces-1/deployments/Deployments-3'],
    [
      'Octopus.Web.RunbookSnapshotLink',
      '/app#/Spaces-1/projects/Projects-1/operations/runbooks/Runbooks-1/snapshots/RunbookSnapshots-1',
    ],
    [
      'Octopus.Web.RunbookRunLink',
      '/app#/Spaces-1/projects/Projects-1/operations/runbooks/Runbooks-1/runs/RunbookRuns-1',
    ],
  ];
  it.each(table)('%s is %j', (name, value) => {
    expect(systemVariables(everything)[name]).toBe(value);
  });

  it('have a row each: what is defined here and what is listed here are the same', () => {
    const listed = table.map(([name]) => name);
    expect(Object.keys(systemVariables(everything)).toSorted()).toEqual(listed.toSorted());
    expect(SYSTEM_NAMES.filter((name) => !listed.includes(name))).toEqual([]);
  });

  it('are not defined where there is nothing to say: no empty texts in their place', () => {
    expect(systemVariables({ space: { id: 'Spaces-1', name: 'Default' } })).toEqual({
      'Octopus.Space.Id': 'Spaces-1',
      'Octopus.Space.Name': 'Default',
    });
  });

  it('of an action: its script, its packages', () => {
    const action = plainAction('a', 'A', {
      kind: 'Script',
      syntax: 'Bash',
      source: { kind: 'Inline', body: 'echo #{X}' },
    });
    const reference = {
      packageId: 'Acme.Web',
      feed: 'feeds-builtin',
      acquisition: 'Server',
      extract: true,
    } as const;
    const packages = [
      { ...reference, name: '', version: '1.0.0' },
      { ...reference, name: 'tools' },
    ];
    expect(actionVariables({ ...action, packages })).toEqual({
      'Octopus.Action.IsSkipped': 'False',
      'Octopus.Action.Script.ScriptBody': 'echo #{X}',
      'Octopus.Action.Package.PackageId': 'Acme.Web',
      'Octopus.Action.Package.FeedId': 'feeds-builtin',
      'Octopus.Action.Package.PackageVersion': '1.0.0',
      'Octopus.Action.Package[tools].PackageId': 'Acme.Web',
      'Octopus.Action.Package[tools].FeedId': 'feeds-builtin',
    });
  });
});
