/** How environments are stored and found. */
import type { WritableEnvironment } from '@argonaut/contracts/rest';
import { Collection, type Database, type Kind } from '../database/index.ts';

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
