/** Defects: what was found wrong with a release. While one is not resolved, the release goes no further. */
import { Collection, type Database, type Kind, type Stored } from '../../database/index.ts';

export interface Defect {
  readonly Description: string;
  readonly Status: 'Unresolved' | 'Resolved';
  readonly ReleaseId: string;
}

const defect: Kind<Defect> = {
  name: 'Defects',
  title: 'defect',
  nameOf: (document) => document.Description,
  uniqueNames: false,
  parentOf: (document) => document.ReleaseId,
  order: 'newest',
};

export function defectsIn(database: Database): Collection<Defect> {
  return new Collection(database, defect);
}

/** The newest that is not resolved. */
export async function openDefect(
  database: Database,
  release: { readonly id: string; readonly spaceId: string },
): Promise<Stored<Defect> | undefined> {
  const all = await defectsIn(database).all({ space: release.spaceId, parent: release.id });
  return all.find(({ document }) => document.Status === 'Unresolved');
}
