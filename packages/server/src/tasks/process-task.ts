/**
 * What deployments and runbook runs have in common: the options of a run, checked when it is asked for, and what the
 * server knows of it when it runs.
 */
import { Invalid } from '@argonaut/contracts';
import type { ProcessSnapshot } from '@argonaut/orchestrator';
import type { Database, Stored } from '../database/index.ts';
import type { Environment } from '../environments/queries.ts';
import { environmentsIn } from '../environments/queries.ts';
import { projectGroupsIn } from '../projects/groups/queries.ts';
import type { Project } from '../projects/queries.ts';
import type { Services } from '../services.ts';
import { spacesIn } from '../spaces/queries.ts';
import { usersIn } from '../users/queries.ts';
import type { SystemContext, SystemPerson } from '../variables/index.ts';
import type { Task } from './queries.ts';

/** By id, slug or name. @throws Invalid that lists those there are. */
export async function environmentNamed(
  database: Database,
  space: string,
  key: string,
): Promise<Stored<Environment>> {
  const environments = environmentsIn(database);
  const found = await environments.resolve(key, space);
  if (found !== undefined) return found;
  const names = (await environments.all({ space })).map(({ document }) => `"${document.Name}"`);
  throw new Invalid(
    `The environment "${key}" does not exist. The environments of this space are ${names.join(', ') || 'none yet: create one first'}.`,
  );
}

/** @throws Invalid: there are no tenants yet, and nobody must believe that one was deployed to. */
export function refuseTenants(tenants: readonly (string | null | undefined)[]): void {
  const named = tenants.filter((tenant) => tenant !== undefined && tenant !== null && tenant !== '');
  if (named.length === 0) return;
  throw new Invalid(
    `This server has no tenants yet, so nothing can be run for ${named.join(', ')}. Leave the tenants out to run without one.`,
  );
}

/** @throws Invalid when the run could never begin. */
export function checkTimes(
  queueTime: string | null | undefined,
  expiry: string | null | undefined,
  now: Date,
): void {
  if (!expiry) return;
  const start = queueTime && new Date(queueTime) > now ? new Date(queueTime) : now;
  if (new Date(expiry) > start) return;
  throw new Invalid(
    `It could never start: it may not begin before ${start.toISOString()} and not after ${new Date(expiry).toISOString()}. Choose a later expiry.`,
  );
}

/**
 * The ids of the actions to leave out, from ids and from names of steps or actions.
 * @throws Invalid with every one that is not in the process, and every required one.
 */
export function excludedActions(
  process: ProcessSnapshot,
  ids: readonly string[],
  names: readonly string[] = [],
): string[] {
  const actions = process.steps.flatMap((step) => step.actions.map((action) => ({ step, action })));
  const complaints: string[] = [];
  const excluded = new Set<string>();
  for (const key of [...ids, ...names]) {
    const wanted = key.toLowerCase();
    const found = actions.filter(({ step, action }) =>
      [action.id, action.name, action.slug, step.name, step.slug, step.id].some(
        (known) => known?.toLowerCase() === wanted,
      ),
    );
    if (found.length === 0) complaints.push(`There is no step "${key}" to skip.`);
    for (const { action } of found) {
      if (action.required) complaints.push(`The step "${action.name}" is required and cannot be skipped.`);
      excluded.add(action.id);
    }
  }
  if (complaints.length > 0) {
    const names = actions.map(({ action }) => `"${action.name}"`).join(', ');
    throw new Invalid(`${complaints.join(' ')} The process has the steps ${names}.`, { errors: complaints });
  }
  return [...excluded];
}

/** The run's own wish, else the process's setting, else the environment's. */
export function usesGuidedFailure(
  wish: boolean | null | undefined,
  setting: string | undefined,
  environment: Environment,
): boolean {
  if (wish !== undefined && wish !== null) return wish;
  if (setting === 'On') return true;
  return setting === 'Off' ? false : (environment.UseGuidedFailure ?? false);
}

/** The part of the system variables' context that every run has. */
export async function commonContext(
  services: Pick<Services, 'database' | 'config'>,
  task: Stored<Task>,
  project: Stored<Project>,
  environment: Stored<Environment>,
): Promise<SystemContext> {
  const { document } = task;
  return {
    ...(await whereContext(services, project, environment)),
    baseUrl: services.config.publicUrl,
    task: {
      id: task.id,
      name: document.Description,
      queueTime: document.QueueTime,
      queueTimeExpiry: document.QueueTimeExpiry ?? undefined,
      arguments: Object.fromEntries(
        Object.entries(document.Arguments).map(([name, value]) => [name, String(value)]),
      ),
    },
  };
}

/** What is known of a run before there is one: of what, and where. */
export async function whereContext(
  { database }: Pick<Services, 'database'>,
  project: Stored<Project>,
  environment: Stored<Environment>,
): Promise<SystemContext> {
  const space = await spacesIn(database).get(project.spaceId);
  const group = await projectGroupsIn(database).find(project.document.ProjectGroupId);
  return {
    space: { id: space.id, name: space.document.Name },
    project: { id: project.id, name: project.document.Name },
    ...(group === undefined ? {} : { projectGroup: { id: group.id, name: group.document.Name } }),
    environment: {
      id: environment.id,
      name: environment.document.Name,
      sortOrder: environment.document.SortOrder ?? 0,
    },
  };
}

/** Whoever started it; undefined when the user is gone. */
export async function personOf({ database }: Services, userId: string): Promise<SystemPerson | undefined> {
  const user = await usersIn(database).find(userId);
  if (user === undefined) return undefined;
  const { Username, DisplayName, EmailAddress } = user.document;
  return {
    id: user.id,
    username: Username,
    displayName: DisplayName || Username,
    emailAddress: EmailAddress ?? '',
  };
}
