/**
 * From Octopus's steps, actions and property bags to the typed process that the orchestrator runs. Never throws: what
 * cannot be run becomes an `Unsupported` action that says why, so that the rest of the process and its log survive.
 */
import type { SelectedPackage } from '@argonaut/contracts/rest';
import {
  type Action,
  type ActionCondition,
  type ContainerChoice,
  type PackageReference,
  type ProcessSnapshot,
  plainAction,
  type Run,
  type Step,
  type StepCondition,
  type WorkerPoolChoice,
} from '@argonaut/orchestrator';
import { readFileFeatures } from './file-features.ts';
import { readOptions } from './options.ts';
import { plainProperties } from './own-properties.ts';
import { PropertyReader } from './properties.ts';
import type { StoredAction, StoredPackage, StoredStep } from './queries.ts';
import { readRun } from './run.ts';
import { readServices } from './services.ts';

/** `selected`: the versions that a release or a runbook snapshot fixed. */
export function toProcessSnapshot(
  steps: readonly StoredStep[],
  selected: readonly SelectedPackage[] = [],
): ProcessSnapshot {
  return { schema: 1, steps: steps.map((step) => toStep(step, selected)) };
}

function toStep(step: StoredStep, selected: readonly SelectedPackage[]): Step {
  const properties = new PropertyReader(step.Properties);
  const roles = properties.text('Octopus.Action.TargetRoles');
  const actions = step.Actions.map((action) => toAction(action, step, roles, selected));
  return {
    id: step.Id,
    name: step.Name,
    ...(step.Slug ? { slug: step.Slug } : {}),
    condition: stepCondition(step, properties),
    start: step.StartTrigger ?? 'StartAfterPrevious',
    actions: actions.length > 0 ? actions : [emptyStep(step)],
  };
}

function toAction(
  action: StoredAction,
  step: StoredStep,
  roles: string | undefined,
  selected: readonly SelectedPackage[],
): Action {
  const properties = new PropertyReader(action.Properties);
  const container = readContainerChoice(action, properties);
  const run = readRun(action, properties, { hasImage: container !== undefined, roles });
  const packages = readPackages(action, properties, selected);
  const options = readOptions(properties);
  const files = readFileFeatures(properties);
  const services = readServices(properties, container !== undefined);
  const variables = plainProperties(step, action);
  return {
    id: action.Id,
    name: action.Name,
    ...(action.Slug ? { slug: action.Slug } : {}),
    enabled: action.IsDisabled !== true,
    required: action.IsRequired === true,
    environments: action.Environments ?? [],
    excludedEnvironments: action.ExcludedEnvironments ?? [],
    channels: action.Channels ?? [],
    tenantTags: action.TenantTags ?? [],
    condition: actionCondition(action, properties),
    workerPool: workerPool(action),
    ...(container === undefined ? {} : { container }),
    ...(services === undefined ? {} : { services }),
    packages,
    ...(files === undefined ? {} : { files }),
    options,
    ...(Object.keys(variables).length === 0 ? {} : { variables }),
    run:
      properties.complaints.length > 0 && run.kind !== 'Unsupported'
        ? unsupported(action, properties.complaints)
        : run,
  };
}

function unsupported(action: StoredAction, complaints: readonly string[]): Run {
  return {
    kind: 'Unsupported',
    actionType: action.ActionType,
    reason: [...new Set(complaints)].join(' '),
  };
}

function emptyStep(step: StoredStep): Action {
  const reason = 'The step has no action. Add one or delete it.';
  return plainAction(step.Id, step.Name, { kind: 'Unsupported', actionType: 'none', reason });
}

const STEP_EXPRESSION = 'Octopus.Step.ConditionVariableExpression';
const ACTION_EXPRESSION = 'Octopus.Action.ConditionVariableExpression';

function stepCondition(step: StoredStep, properties: PropertyReader): StepCondition {
  if (step.Condition !== 'Variable') return { kind: step.Condition ?? 'Success' };
  const expression = properties.text(STEP_EXPRESSION) ?? properties.text(ACTION_EXPRESSION) ?? '';
  return { kind: 'Variable', expression };
}

function actionCondition(action: StoredAction, properties: PropertyReader): ActionCondition {
  if (action.Condition !== 'Variable') return { kind: 'Success' };
  return { kind: 'Variable', expression: properties.text(ACTION_EXPRESSION) ?? '' };
}

/** An id that is written as `#{Name}` means the variable. */
function workerPool(action: StoredAction): WorkerPoolChoice {
  const id = action.WorkerPoolId?.trim() ?? '';
  const name = action.WorkerPoolVariable?.trim() || /^#\{\s*([\w.-]+)\s*\}$/.exec(id)?.[1];
  if (name) return name.includes('#{') ? { kind: 'template', template: name } : { kind: 'variable', name };
  if (id.includes('#{')) return { kind: 'template', template: id };
  return id === '' ? { kind: 'default' } : { kind: 'pool', id };
}

function readContainerChoice(action: StoredAction, properties: PropertyReader): ContainerChoice | undefined {
  const { Image, FeedId, GitUrl, Dockerfile } = action.Container ?? {};
  if (GitUrl?.trim()) {
    properties.complain(
      "The step's image is to be built from a Git repository, which is not supported yet. Write its Dockerfile into the step, or build it before, push it to a registry and name it.",
    );
  }
  const image = Image?.trim() ?? '';
  const dockerfile = Dockerfile?.trim()
    ? Dockerfile
    : properties.text('Argonaut.Action.Container.Dockerfile');
  if (dockerfile !== undefined) {
    if (image !== '') {
      properties.complain(
        `The step names the image "${image}" and has a Dockerfile, too. Remove one of them.`,
      );
    }
    const given = properties.dictionary('Argonaut.Action.Container.BuildArguments') ?? {};
    return { image: `the image of step "${action.Name}"`, build: { dockerfile, arguments: given } };
  }
  const feed = FeedId?.trim() ?? '';
  if (image === '') {
    if (feed !== '') {
      properties.complain(
        `The step names the container registry "${feed}" but no image. Choose an image of that feed, or take the feed away to run the step without a container.`,
      );
    }
    return undefined;
  }
  return { ...(feed === '' ? {} : { feed }), image };
}

function readPackages(
  action: StoredAction,
  properties: PropertyReader,
  selected: readonly SelectedPackage[],
): PackageReference[] {
  const hasScript = /^package$/i.test(properties.text('Octopus.Action.Script.ScriptSource') ?? '');
  return packagesOf(action, properties).map((reference) => {
    const name = reference.Name ?? '';
    const bag = new PropertyReader(reference.Properties);
    const place = (reference.AcquisitionLocation || 'Server').toLowerCase();
    const acquisition = (['Server', 'ExecutionTarget', 'NotAcquired'] as const).find(
      (known) => known.toLowerCase() === place,
    );
    if (acquisition === undefined) {
      properties.complain(
        `The package "${name || reference.PackageId}" is to be fetched to "${reference.AcquisitionLocation}"; it must be Server, ExecutionTarget or NotAcquired.`,
      );
    }
    const version = selectedVersion(action.Name, name, selected) ?? reference.Version ?? undefined;
    return {
      name,
      packageId: reference.PackageId ?? '',
      feed: reference.FeedId ?? '',
      ...(version ? { version } : {}),
      acquisition: acquisition ?? 'Server',
      // A script that lies in a package can only be run when the package is unpacked.
      extract: (name === '' && hasScript) || /^true$/i.test(bag.text('Extract') ?? 'True'),
    };
  });
}

/** Older clients say the primary package in properties only. */
export function packagesOf(action: StoredAction, properties: PropertyReader): readonly StoredPackage[] {
  if (action.Packages.some((reference) => (reference.Name ?? '') === '')) return action.Packages;
  const id = properties.text('Octopus.Action.Package.PackageId');
  if (id === undefined) return action.Packages;
  const primary: StoredPackage = {
    Name: '',
    PackageId: id,
    FeedId: properties.text('Octopus.Action.Package.FeedId') ?? '',
    AcquisitionLocation: 'Server',
    Properties: {},
  };
  return [primary, ...action.Packages];
}

/** The version chosen for one package of an action; names are compared whatever their case. */
export function selectedVersion(
  actionName: string,
  reference: string,
  selected: readonly SelectedPackage[],
): string | undefined {
  const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();
  return selected.find(
    (entry) =>
      (same(entry.ActionName, actionName) || same(entry.StepName ?? '', actionName)) &&
      same(entry.PackageReferenceName ?? '', reference),
  )?.Version;
}
