/** How runbooks are stored and found. Names are unique within a project. */
import { NotFound } from '@argonaut/contracts';
import type { WritableRunbook } from '@argonaut/contracts/rest';
import { Collection, type Database, type Kind, type Stored } from '../database/index.ts';
import type { Project } from '../projects/queries.ts';

export type Runbook = WritableRunbook & { readonly ProjectId: string };

const runbook: Kind<Runbook> = {
  name: 'Runbooks',
  title: 'runbook',
  nameOf: (document) => document.Name,
  parentOf: (document) => document.ProjectId,
  slugs: true,
  index: (document) => ({ Project: document.ProjectId, Environment: document.Environments }),
};

export function runbooksIn(database: Database): Collection<Runbook> {
  return new Collection(database, runbook);
}

/** Runbooks that are named to who asks for one that is not there. */
const MOST_TOLD = 10;

/** By id, slug or name within a project, as the executions API names runbooks. @throws NotFound */
export async function runbookNamed(
  database: Database,
  project: Stored<Project>,
  key: string,
): Promise<Stored<Runbook>> {
  const found = await runbooksIn(database).resolve(key, project.spaceId, project.id);
  if (found) return found;
  const all = await runbooksIn(database).all({ space: project.spaceId, parent: project.id, take: MOST_TOLD });
  const names = all.map(({ document }) => `"${document.Name}"`).join(', ');
  throw new NotFound(
    `The project "${project.document.Name}" has no runbook "${key}". ${names === '' ? 'It has none at all.' : `It has ${names}.`}`,
  );
}
