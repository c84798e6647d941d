/** From the words of a query (ids, or names) to the place in which variables are looked at, and the sets they come from. */
import { Invalid, NotFound } from '@argonaut/contracts';
import type { EvaluateQuery } from '@argonaut/contracts/rest';
import type { Database, Stored } from '../database/index.ts';
import { environmentsIn } from '../environments/queries.ts';
import { channelsIn } from '../projects/channels/queries.ts';
import { projectGroupsIn } from '../projects/groups/queries.ts';
import { projectNamed } from '../projects/queries.ts';
import { runbookNamed } from '../runbooks/queries.ts';
import { spacesIn } from '../spaces/queries.ts';
import { type Accounts, accountsFor } from './accounts.ts';
import { contextOf } from './place.ts';
import { type VariableSet, variableSetsIn } from './queries.ts';
import { liveProcesses } from './scope-values.ts';
import { variableSetsOf } from './snapshots.ts';
import { type SystemContext, systemVariables } from './system.ts';

export interface Whereabouts {
  readonly sets: readonly Stored<VariableSet>[];
  readonly context: ReturnType<typeof contextOf>;
  readonly accounts: Accounts;
  /** What the server itself would define there, as far as it is known without running anything. */
  readonly system: Readonly<Record<string, string>>;
}

/** @throws NotFound for anything that does not exist in this space; Invalid when nothing says which variables. */
export async function whereaboutsOf(
  database: Database,
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
  const step = actionKey
    ? await needsProject((owner) => actionOf(database, space, owner.id, runbook?.id, actionKey))
    : undefined;
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
    step,
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
    ...given('runbook', runbook && { id: runbook.id, name: runbook.document.Name }),
  };
  const accounts = await accountsFor(
    database,
    space,
    found.flatMap(({ document }) => document.Variables),
  );
  return { sets: found, context, accounts, system: systemVariables(known) };
}

/** The id of an action, given its id or name, in the process that the question is about. */
async function actionOf(
  database: Database,
  space: string,
  projectId: string,
  runbookId: string | undefined,
  key: string,
): Promise<string> {
  const processes = await liveProcesses(database, space, projectId);
  const actions = processes
    .filter(({ RunbookId }) => RunbookId === runbookId)
    .flatMap(({ Steps }) => Steps.flatMap(({ Actions }) => Actions));
  const byId = actions.find(({ Id }) => Id === key);
  const found = byId ?? actions.find(({ Name }) => Name.toLowerCase() === key.toLowerCase());
  if (found) return found.Id;
  const names = actions.map(({ Name }) => `"${Name}"`).join(', ');
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
