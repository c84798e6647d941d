/** How environments are stored and found. */
import type { WritableEnvironment } from '@argonaut/contracts/rest';
import { Collection, type Database, type Kind } from '../database/index.ts';
import { variableSetsIn } from '../variables/queries.ts';

export type Environment = WritableEnvironment;

const environment: Kind<Environment> = {
  name: 'Environments',
  title: 'environment',
  nameOf: (document) => document.Name,
  slugs: true,
  sortOf: (document) => document.SortOrder ?? 0,
};

export function environmentsIn(database: Database): Collection<Environment> {
  return new Collection(database, environment);
}

/** The place behind all others. */
export async function nextSortOrder(database: Database, space: string): Promise<number> {
  const all = await environmentsIn(database).all({ space });
  return Math.max(-1, ...all.map(({ document }) => document.SortOrder ?? 0)) + 1;
}

/** Variables whose scope names this environment and no other one, by the project or library set that they belong to. */
export async function variablesScopedOnlyTo(
  database: Database,
  space: string,
  environmentId: string,
): Promise<Readonly<Record<string, readonly { readonly Id: string; readonly Name: string }[]>>> {
  const found: Record<string, { readonly Id: string; readonly Name: string }[]> = {};
  for (const { document } of await variableSetsIn(database).all({ space })) {
    if (document.FrozenFrom !== undefined) continue;
    for (const { Id, Name, Scope } of document.Variables) {
      const { Environment: named = [] } = Scope;
      if (!named.includes(environmentId) || named.some((id) => id !== environmentId)) continue;
      found[document.OwnerId] = [...(found[document.OwnerId] ?? []), { Id, Name }];
    }
  }
  return found;
}
