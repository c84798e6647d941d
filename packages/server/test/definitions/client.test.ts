/** Octopus's own TypeScript client defines a project, its process, a runbook and releases. */
import {
  type Client,
  DeploymentProcessRepository,
  type NewDeploymentStep,
  PackageRequirement,
  type Project,
  ProjectRepository,
  ReleaseRepository,
  RunbookEnvironmentScope,
  RunbookProcessRepository,
  RunbookRepository,
  RunbookSnapshotRepository,
  RunCondition,
  RunConditionForAction,
  StartTrigger,
  TenantedDeploymentMode,
} from '@octopusdeploy/api-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ClientUnderTest, clientUnderTest } from '../client-under-test.ts';

const SPACE = 'Default';

/** As the client's own tests write one. */
const SCRIPT_STEP = {
  Name: 'Say hello',
  Condition: RunCondition.Success,
  PackageRequirement: PackageRequirement.LetOctopusDecide,
  StartTrigger: StartTrigger.StartAfterPrevious,
  Properties: {},
  Actions: [
    {
      Id: '',
      Name: 'Say hello',
      ActionType: 'Octopus.Script',
      Notes: null,
      IsDisabled: false,
      CanBeUsedForProjectVersioning: false,
      IsRequired: false,
      WorkerPoolId: null,
      Container: { Image: null, FeedId: null },
      WorkerPoolVariable: '',
      Environments: [],
      ExcludedEnvironments: [],
      Channels: [],
      TenantTags: [],
      Packages: [],
      Condition: RunConditionForAction.Success,
      Properties: {
        'Octopus.Action.RunOnServer': 'true',
        'Octopus.Action.Script.ScriptSource': 'Inline',
        'Octopus.Action.Script.Syntax': 'Bash',
        'Octopus.Action.Script.ScriptBody': 'echo hello',
      },
      Links: {},
    },
  ],
} as unknown as NewDeploymentStep;

describe('@octopusdeploy/api-client', () => {
  let under: ClientUnderTest;
  let client: Client;
  let project: Project;
  beforeAll(async () => {
    under = await clientUnderTest();
    client = under.client;
    project = await new ProjectRepository(client, SPACE).create({
      Name: 'Shop',
      ProjectGroupId: 'ProjectGroups-1',
      LifecycleId: 'Lifecycles-1',
    } as never);
  });
  afterAll(() => under[Symbol.asyncDispose]());

  it('creates, reads, changes and deletes projects', async () => {
    const projects = new ProjectRepository(client, SPACE);
    expect(await projects.get(project.Id)).toEqual(project);
    const other = await projects.create({
      ...project,
      Id: undefined,
      Slug: undefined,
      Name: 'Other',
    } as never);
    const changed = await projects.modify({ ...other, Description: 'changed' });
    expect(changed.Description).toBe('changed');
    expect((await projects.list({ partialName: 'othe' })).Items.map((each) => each.Id)).toEqual([other.Id]);
    await projects.del(changed);
    await expect(projects.get(other.Id)).rejects.toThrow('was not found');
  });

  it('saves a process and makes releases of it', async () => {
    const processes = new DeploymentProcessRepository(client, SPACE);
    const process = await processes.get(project);
    process.Steps = [SCRIPT_STEP as never];
    const saved = await processes.update(project, process);
    expect(saved).toMatchObject({ Version: 1, Steps: [{ Name: 'Say hello', Slug: 'say-hello' }] });
    await expect(processes.update(project, process)).rejects.toThrow('saved by somebody else');

    const releases = new ReleaseRepository(client, SPACE);
    for (const ReleaseVersion of ['1.0', '2.0', undefined]) {
      await releases.create({
        spaceName: SPACE,
        ProjectName: 'Shop',
        ...(ReleaseVersion === undefined ? {} : { ReleaseVersion }),
      });
    }
    const list = await releases.listForProject(project.Id, { take: 2 });
    expect([list.TotalResults, list.Items.map((each) => each.Version)]).toEqual([3, ['2.0.1', '2.0']]);
    const [first] = list.Items;
    expect(await releases.get(first?.Id ?? '')).toEqual(first);
  });

  it('makes a runbook and publishes a snapshot of it', async () => {
    const runbooks = new RunbookRepository(client, SPACE, project);
    const runbook = await runbooks.create({
      Name: 'Clean up',
      ProjectId: project.Id,
      EnvironmentScope: RunbookEnvironmentScope.All,
      MultiTenancyMode: TenantedDeploymentMode.Untenanted,
      RunRetentionPolicy: { QuantityToKeep: 10, ShouldKeepForever: false },
    } as never);
    const processes = new RunbookProcessRepository(client, SPACE, project);
    const process = await processes.get(runbook);
    process.Steps = [SCRIPT_STEP as never];
    expect((await processes.update(process)).Version).toBe(1);
    const snapshots = new RunbookSnapshotRepository(client, SPACE, project);
    const snapshot = await snapshots.create(runbook, 'Snapshot 1', true, 'notes');
    expect(snapshot).toMatchObject({ Name: 'Snapshot 1', Notes: 'notes', RunbookId: runbook.Id });
    expect((await runbooks.get(runbook.Id)).PublishedRunbookSnapshotId).toBe(snapshot.Id);
    expect((await runbooks.list({ take: 10 })).Items).toHaveLength(1);
    await runbooks.del(runbook);
    expect((await runbooks.list({ take: 10 })).TotalResults).toBe(0);
  });
});
