/**
 * The variables that the server itself defines, as a table: each name with where its value comes from. A name whose
 * value does not exist here (a runbook run has no release) is not defined. Names: Octopus's documentation of system
 * variables. What concerns the state of steps and their outputs is added by `execution/`, because it changes.
 */
import type { Action } from '@argonaut/orchestrator';

interface Named {
  readonly id: string;
  readonly name: string;
}

export interface ReleaseName {
  readonly id: string;
  readonly number: string;
}

export interface SystemPerson {
  readonly id: string;
  readonly username: string;
  readonly displayName: string;
  readonly emailAddress: string;
}

/** What is true of a task; whoever starts it knows. Times are ISO 8601. */
export interface SystemContext {
  readonly space: Named;
  /** Absent where nothing runs yet: when somebody looks at what variables would come to. */
  readonly task?: Named & {
    readonly queueTime: string;
    readonly queueTimeExpiry?: string | undefined;
    readonly arguments?: Readonly<Record<string, string>>;
  };
  readonly project?: Named;
  readonly projectGroup?: Named;
  readonly environment?: Named & { readonly sortOrder: number };
  readonly tenant?: Named & { readonly tags: readonly string[] };
  readonly channel?: Named;
  readonly release?: {
    readonly id: string;
    readonly number: string;
    readonly notes: string;
    readonly created: string;
    /** The newest release of the project and channel before this one. */
    readonly previous?: ReleaseName | undefined;
    /** Of the deployment to this environment before this one, whatever came of it. */
    readonly previousForEnvironment?: ReleaseName | undefined;
    /** Of the last successful deployment to this environment before this one. */
    readonly currentForEnvironment?: ReleaseName | undefined;
    readonly customFields?: Readonly<Record<string, string>>;
  };
  readonly deployment?: Named & {
    readonly comments: string;
    readonly created: string;
    readonly createdBy?: SystemPerson | undefined;
    readonly forcePackageDownload: boolean;
    readonly specificMachines?: readonly string[];
    readonly excludedMachines?: readonly string[];
    readonly previousSuccessfulId?: string | undefined;
    readonly trigger?: Named | undefined;
  };
  readonly runbook?: Named;
  readonly runbookSnapshot?: Named & { readonly notes: string };
  readonly runbookRun?: Named & {
    readonly created: string;
    readonly createdBy?: SystemPerson | undefined;
  };
  /** The server's address as people reach it, such as `https://deploy.example.org`. */
  readonly baseUrl?: string | undefined;
}

type Value = string | number | boolean | undefined;
type Row = readonly [name: string, value: (context: SystemContext) => Value];

const ROWS: readonly Row[] = [
  ['Octopus.Space.Id', ({ space }) => space.id],
  ['Octopus.Space.Name', ({ space }) => space.name],
  ['Octopus.Task.Id', ({ task }) => task?.id],
  ['Octopus.Task.Name', ({ task }) => task?.name],
  ['Octopus.Task.QueueTime', ({ task }) => task?.queueTime],
  ['Octopus.Task.QueueTimeExpiry', ({ task }) => task?.queueTimeExpiry],
  ['Octopus.Project.Id', ({ project }) => project?.id],
  ['Octopus.Project.Name', ({ project }) => project?.name],
  ['Octopus.ProjectGroup.Id', ({ projectGroup }) => projectGroup?.id],
  ['Octopus.ProjectGroup.Name', ({ projectGroup }) => projectGroup?.name],
  ['Octopus.Environment.Id', ({ environment }) => environment?.id],
  ['Octopus.Environment.Name', ({ environment }) => environment?.name],
  ['Octopus.Environment.SortOrder', ({ environment }) => environment?.sortOrder],
  ['Octopus.Deployment.Tenant.Id', ({ tenant }) => tenant?.id],
  ['Octopus.Deployment.Tenant.Name', ({ tenant }) => tenant?.name],
  ['Octopus.Deployment.Tenant.Tags', ({ tenant }) => tenant?.tags.join(',')],
  ['Octopus.Release.Id', ({ release }) => release?.id],
  ['Octopus.Release.Number', ({ release }) => release?.number],
  ['Octopus.Release.Notes', ({ release }) => release?.notes],
  ['Octopus.Release.Created', ({ release }) => release?.created],
  ['Octopus.Release.Channel.Id', ({ channel }) => channel?.id],
  ['Octopus.Release.Channel.Name', ({ channel }) => channel?.name],
  ['Octopus.Release.Previous.Id', ({ release }) => release?.previous?.id],
  ['Octopus.Release.Previous.Number', ({ release }) => release?.previous?.number],
  ['Octopus.Release.PreviousForEnvironment.Id', ({ release }) => release?.previousForEnvironment?.id],
  ['Octopus.Release.PreviousForEnvironment.Number', ({ release }) => release?.previousForEnvironment?.number],
  ['Octopus.Release.CurrentForEnvironment.Id', ({ release }) => release?.currentForEnvironment?.id],
  ['Octopus.Release.CurrentForEnvironment.Number', ({ release }) => release?.currentForEnvironment?.number],
  ['Octopus.Deployment.Id', ({ deployment }) => deployment?.id],
  ['Octopus.Deployment.Name', ({ deployment }) => deployment?.name],
  ['Octopus.Deployment.Comments', ({ deployment }) => deployment?.comments],
  ['Octopus.Deployment.Created', ({ deployment }) => deployment?.created],
  ['Octopus.Deployment.CreatedBy.Id', (context) => starter(context)?.id],
  ['Octopus.Deployment.CreatedBy.Username', (context) => starter(context)?.username],
  ['Octopus.Deployment.CreatedBy.DisplayName', (context) => starter(context)?.displayName],
  ['Octopus.Deployment.CreatedBy.EmailAddress', (context) => starter(context)?.emailAddress],
  ['Octopus.Deployment.ForcePackageDownload', ({ deployment }) => deployment?.forcePackageDownload],
  ['Octopus.Deployment.SpecificMachines', ({ deployment }) => deployment?.specificMachines?.join(',')],
  ['Octopus.Deployment.ExcludedMachines', ({ deployment }) => deployment?.excludedMachines?.join(',')],
  ['Octopus.Deployment.PreviousSuccessful.Id', ({ deployment }) => deployment?.previousSuccessfulId],
  ['Octopus.Deployment.Trigger.Id', ({ deployment }) => deployment?.trigger?.id],
  ['Octopus.Deployment.Trigger.Name', ({ deployment }) => deployment?.trigger?.name],
  ['Octopus.Runbook.Id', ({ runbook }) => runbook?.id],
  ['Octopus.Runbook.Name', ({ runbook }) => runbook?.name],
  ['Octopus.RunbookSnapshot.Id', ({ runbookSnapshot }) => runbookSnapshot?.id],
  ['Octopus.RunbookSnapshot.Name', ({ runbookSnapshot }) => runbookSnapshot?.name],
  ['Octopus.RunbookSnapshot.Notes', ({ runbookSnapshot }) => runbookSnapshot?.notes],
  ['Octopus.RunbookRun.Id', ({ runbookRun }) => runbookRun?.id],
  ['Octopus.RunbookRun.Name', ({ runbookRun }) => runbookRun?.name],
  ['Octopus.RunbookRun.Created', ({ runbookRun }) => runbookRun?.created],
  [
    'Octopus.RunbookRun.CreatedUtc',
    ({ runbookRun }) => runbookRun && new Date(runbookRun.created).toISOString(),
  ],
  ['Octopus.Web.BaseUrl', ({ baseUrl }) => baseUrl?.replace(/\/+$/, '')],
  ['Octopus.Web.ServerUri', ({ baseUrl }) => baseUrl?.replace(/\/+$/, '')],
  ['Octopus.Web.ProjectLink', (context) => projectLink(context)],
  ['Octopus.Web.ReleaseLink', (context) => releaseLink(context)],
  [
    'Octopus.Web.DeploymentLink',
    ({ space, deployment }) => deployment && `/app#/${space.id}/deployments/${deployment.id}`,
  ],
  [
    'Octopus.Web.RunbookSnapshotLink',
    (context) => below(runbookLink(context), 'snapshots', context.runbookSnapshot?.id),
  ],
  ['Octopus.Web.RunbookRunLink', (context) => below(runbookLink(context), 'runs', context.runbookRun?.id)],
];

/** Every name that the table may define; a project's variable of such a name is hidden by the true one. */
export const SYSTEM_NAMES: readonly string[] = ROWS.map(([name]) => name);

/** The variables of a task, the same for all its steps. */
export function systemVariables(context: SystemContext): Record<string, string> {
  const values: Record<string, string> = {};
  for (const [name, read] of ROWS) {
    const value = read(context);
    if (value !== undefined) values[name] = wordOf(value);
  }
  for (const [name, value] of Object.entries(context.task?.arguments ?? {})) {
    values[`Octopus.Task.Argument[${name}]`] = value;
  }
  for (const [name, value] of Object.entries(context.release?.customFields ?? {})) {
    values[`Octopus.Release.CustomFields[${name}]`] = value;
  }
  return values;
}

/** The variables of an action that its definition alone decides. Step and action names and ids come from `execution/`. */
export function actionVariables(action: Action): Record<string, string> {
  const values: Record<string, string> = { 'Octopus.Action.IsSkipped': 'False' };
  if (action.run.kind === 'Script' && action.run.source.kind === 'Inline') {
    values['Octopus.Action.Script.ScriptBody'] = action.run.source.body;
  }
  for (const { name, packageId, feed, version } of action.packages) {
    const prefix = name === '' ? 'Octopus.Action.Package' : `Octopus.Action.Package[${name}]`;
    values[`${prefix}.PackageId`] = packageId;
    values[`${prefix}.FeedId`] = feed;
    if (version !== undefined) values[`${prefix}.PackageVersion`] = version;
  }
  return values;
}

/** As .NET writes them, which is what conditions compare with. */
function wordOf(value: string | number | boolean): string {
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  return String(value);
}

/** Runs have a starter too, under the same names. */
function starter({ deployment, runbookRun }: SystemContext): SystemPerson | undefined {
  return deployment?.createdBy ?? runbookRun?.createdBy;
}

/** Links are paths below `Octopus.Web.ServerUri`, as templates expect that put the two together. */
function projectLink({ space, project }: SystemContext): string | undefined {
  return project && `/app#/${space.id}/projects/${project.id}`;
}

function releaseLink(context: SystemContext): string | undefined {
  return below(projectLink(context), 'releases', context.release?.number);
}

function runbookLink(context: SystemContext): string | undefined {
  return below(projectLink(context), 'operations/runbooks', context.runbook?.id);
}

function below(base: string | undefined, folder: string, id: string | undefined): string | undefined {
  return base === undefined || id === undefined ? undefined : `${base}/${folder}/${encodeURIComponent(id)}`;
}
