/** From the words of a query (ids, or names) to the place in which variables are looked at, and the sets they come from. */
import { Invalid, NotFound } from '@argonaut/contracts';
import type { EvaluateQuery } from '@argonaut/contracts/rest';
import type { Action, ProcessSnapshot } from '@argonaut/orchestrator';
import type { Database, Stored } from '../database/index.ts';
import { environmentsIn } from '../environments/queries.ts';
import { type SealedProperties, sealedProperties } from '../processes/own-properties.ts';
import { deploymentProcessId, processesIn, runbookProcessId } from '../processes/queries.ts';
import { toProcessSnapshot } from '../processes/typed.ts';
import { channelsIn } from '../projects/channels/queries.ts';
import { projectGroupsIn } from '../projects/groups/queries.ts';
import { projectNamed } from '../projects/queries.ts';
import { runbookNamed } from '../runbooks/queries.ts';
import type { Services } from '../services.ts';
import { spacesIn } from '../spaces/queries.ts';
import { type Accounts, accountsFor } from './accounts.ts';
import { type Around, around } from './around.ts';
import { contextOf } from './place.ts';
import { type VariableSet, variableSetsIn } from './queries.ts';
import { variableSetsOf } from './snapshots.ts';
import type { SystemContext } from './system.ts';

export interface Whereabouts {
  readonly sets: readonly Stored<VariableSet>[];
  readonly context: ReturnType<typeof contextOf>;
  readonly accounts: Accounts;
  readonly around: Around;
}

/** @throws NotFound for anything that does not exist in this space; Invalid when nothing says which variables. */
export async function whereaboutsOf(
  { database, config }: Pick<Services, 'database' | 'config'>,
  space: string,
  query: EvaluateQuery,
): Promise<Whereabouts> {
  const explicit = query.variableSets ?? [];
  if (!query.project && explicit.length === 0) {
    throw new Invalid(
      'Say which variables: give a project, or variableSets with the ids of sets or snapshots.',
    );
  }
  const project = query.project ? await projectNamed(database, space, query.project) : undefined;
  const sets = variableSetsIn(database);
  const found: Stored<VariableSet>[] = [];
  for (const id of explicit.length > 0 || !project ? explicit : variableSetsOf(project)) {
    found.push(await sets.get(id, space));
  }
  const environment = query.environment
    ? await resolved(
        environmentsIn(database).resolve(query.environment, space),
        'environment',
        query.environment,
      )
    : undefined;
  const needsProject = <T>(work: (owner: NonNullable<typeof project>) => T): T => {
    if (project) return work(project);
    throw new Invalid('A channel, a runbook or a step belongs to a project. Give the project too.');
  };
  const channelKey = query.channel;
  const channel = channelKey
    ? await needsProject((owner) =>
        resolved(channelsIn(database).resolve(channelKey, space, owner.id), 'channel', channelKey),
      )
    : undefined;
  const runbookKey = query.runbook;
  const runbook = runbookKey
    ? await needsProject((owner) => runbookNamed(database, owner, runbookKey))
    : undefined;
  const actionKey = query.action ?? query.step;
  const process = project && (await liveProcess(database, space, project.id, runbook?.id));
  const action = actionKey ? needsProject(() => actionOf(process?.snapshot, actionKey)) : undefined;
  const context = contextOf(
    {
      ...given('project', project?.id),
      ...given('process', runbook?.id ?? project?.id),
      ...given('environment', environment?.id),
      ...given('channel', channel?.id),
      ...given('tenant', query.tenant),
      ...given('tenantTags', query.tenantTags),
      ...given('machine', query.machine),
      ...given('machineRoles', query.role),
    },
    action && { id: action.id, settings: action.variables },
  );
  const spaceName = (await spacesIn(database).get(space)).document.Name;
  const group = project && (await projectGroupsIn(database).find(project.document.ProjectGroupId, space));
  const known: SystemContext = {
    space: { id: space, name: spaceName },
    ...given('project', project && { id: project.id, name: project.document.Name }),
    ...given('projectGroup', group && { id: group.id, name: group.document.Name }),
    ...given(
      'environment',
      environment && {
        id: environment.id,
        name: environment.document.Name,
        sortOrder: environment.document.SortOrder ?? 0,
      },
    ),
    ...given('channel', channel && { id: channel.id, name: channel.document.Name }),
    ...given('baseUrl', config.publicUrl),
    ...given('runbook', runbook && { id: runbook.id, name: runbook.document.Name }),
  };
  const accounts = await accountsFor(
    database,
    space,
    found.flatMap(({ document }) => document.Variables),
  );
  const step = action && {
    id: action.id,
    action,
    secretSettings: (process?.sealed.get(action.id) ?? []).map(({ name }) => name),
  };
  return { sets: found, context, accounts, around: around(known, process?.snapshot, step) };
}

/** The process that the question is about, as it is now. */
async function liveProcess(
  database: Database,
  space: string,
  projectId: string,
  runbookId: string | undefined,
): Promise<{ readonly snapshot: ProcessSnapshot; readonly sealed: SealedProperties } | undefined> {
  const id = runbookId === undefined ? deploymentProcessId(projectId) : runbookProcessId(runbookId);
  const found = await processesIn(database).find(id, space);
  return found && { snapshot: toProcessSnapshot(found.document.Steps), sealed: sealedProperties(found) };
}

/** An action, given its id or name. @throws NotFound */
function actionOf(process: ProcessSnapshot | undefined, key: string): Action {
  const actions = (process?.steps ?? []).flatMap((step) => step.actions);
  const found =
    actions.find(({ id }) => id === key) ??
    actions.find(({ name }) => name.toLowerCase() === key.toLowerCase());
  if (found) return found;
  const names = actions.map(({ name }) => `"${name}"`).join(', ');
  throw new NotFound(`The process has no step "${key}". It has ${names || 'no steps yet'}.`);
}

async function resolved<T>(looking: Promise<T | undefined>, what: string, key: string): Promise<T> {
  const found = await looking;
  if (found === undefined) throw new NotFound(`The ${what} "${key}" was not found.`);
  return found;
}

function given<K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [P in K]?: V });
}
