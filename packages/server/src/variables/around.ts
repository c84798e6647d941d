/**
 * What comes on top of a project's own variables in a place where nothing runs: the settings of the step, what the
 * server knows already, and the names that it will define when something runs.
 */
import { type Action, indexedVariables, ownVariables, type ProcessSnapshot } from '@argonaut/orchestrator';
import { actionVariables, type SystemContext, systemVariables } from './system.ts';

export interface Around {
  /** Settings of the step, by their own names. */
  readonly settings: Readonly<Record<string, string>>;
  /** Names of those that are sealed. */
  readonly secretSettings: readonly string[];
  /** What the server defines there, as far as it is known without running anything. */
  readonly system: Readonly<Record<string, string>>;
  /** Names that the server defines when something runs there. */
  readonly late: readonly string[];
}

/** The step in whose place variables are looked at. */
export interface AroundStep {
  readonly id: string;
  readonly action: Action;
  readonly secretSettings: readonly string[];
}

export function around(
  known: SystemContext,
  process: ProcessSnapshot | undefined,
  step: AroundStep | undefined,
): Around {
  const steps = (process?.steps ?? []).map(({ id, name, actions }, index) => ({
    id,
    name,
    number: index + 1,
    actions: actions.map((action, position) => ({
      action,
      number: actions.length === 1 ? `${index + 1}` : `${index + 1}.${position + 1}`,
    })),
  }));
  const numbered = steps
    .flatMap((one) => one.actions.map(({ action, number }) => ({ step: one, action, number })))
    .find(({ action }) => action.id === step?.id);
  const system = {
    ...systemVariables(known),
    ...(numbered === undefined ? {} : actionVariables(numbered.action)),
    ...indexedVariables({ steps }),
    ...(numbered === undefined ? {} : ownVariables(numbered)),
  };
  return {
    settings: numbered?.action.variables ?? {},
    secretSettings: step?.secretSettings ?? [],
    system,
    late: lateNames(known).filter((name) => !Object.hasOwn(system, name)),
  };
}

const ALWAYS =
  'Task.Id Task.Name Task.QueueTime Environment.Id Environment.Name Environment.SortOrder Step.Id Step.Name ' +
  'Step.Number Action.Id Action.Name Action.Number Action.StepName Action.IsSkipped';
const IN_DEPLOYMENTS =
  'Release.Id Release.Number Release.Notes Release.Created Release.Channel.Id Release.Channel.Name Deployment.Id ' +
  'Deployment.Name Deployment.Comments Deployment.Created Deployment.ForcePackageDownload Web.ReleaseLink ' +
  'Web.DeploymentLink';
const IN_RUNBOOK_RUNS =
  'RunbookSnapshot.Id RunbookSnapshot.Name RunbookSnapshot.Notes RunbookRun.Id RunbookRun.Name RunbookRun.Created ' +
  'RunbookRun.CreatedUtc Web.RunbookSnapshotLink Web.RunbookRunLink';

function lateNames({ runbook }: SystemContext): readonly string[] {
  const names = `${ALWAYS} ${runbook === undefined ? IN_DEPLOYMENTS : IN_RUNBOOK_RUNS}`;
  return names.split(' ').map((name) => `Octopus.${name}`);
}
