/** How environments are stored and found. */
import type { WritableEnvironment } from '@argonaut/contracts/rest';
import { Collection, type Database, type Kind } from '../database/index.ts';
import { projectsIn } from '../projects/queries.ts';
import { libraryVariableSetsIn } from '../variables/library/queries.ts';
import { variableSetId, variableSetsIn } from '../variables/queries.ts';

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
  const owners = [
    ...(await projectsIn(database).all({ space })),
    ...(await libraryVariableSetsIn(database).all({ space })),
  ];
  // One set after the other, and none of the frozen copies, of which each release may have some.
  for (const { id: owner } of owners) {
    const set = await variableSetsIn(database).find(variableSetId(owner), space);
    for (const { Id, Name, Scope } of set?.document.Variables ?? []) {
      const { Environment: named = [] } = Scope;
      if (!named.includes(environmentId) || named.some((id) => id !== environmentId)) continue;
      found[owner] = [...(found[owner] ?? []), { Id, Name }];
    }
  }
  return found;
}
