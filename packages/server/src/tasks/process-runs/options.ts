/** The options of a run, checked when it is asked for. */
import { Invalid } from '@argonaut/contracts';
import type { ProcessSnapshot } from '@argonaut/orchestrator';
import type { Database, Stored } from '../../database/index.ts';
import { type Environment, environmentsIn } from '../../environments/queries.ts';

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

/** How far ahead a run may be planned, as in Octopus. */
const MOST_DAYS_AHEAD = 30;
const DAY_MS = 86_400_000;

/** @throws Invalid when the run could never begin, or is to begin too far ahead. */
export function checkTimes(
  queueTime: string | null | undefined,
  expiry: string | null | undefined,
  now: Date,
): void {
  const latest = new Date(now.getTime() + MOST_DAYS_AHEAD * DAY_MS);
  if (queueTime && new Date(queueTime) > latest) {
    throw new Invalid(
      `It was to begin at ${new Date(queueTime).toISOString()}, and nothing can be planned more than ${MOST_DAYS_AHEAD} days ahead. Choose a time until ${latest.toISOString()}.`,
    );
  }
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
