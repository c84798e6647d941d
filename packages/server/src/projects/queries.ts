/** How projects are stored and found. */
import { NotFound } from '@argonaut/contracts';
import type { WritableDeploymentSettings, WritableProject } from '@argonaut/contracts/rest';
import { Collection, type Database, type Kind, type Stored } from '../database/index.ts';

/** Settings that older clients do not know as fields of the project. */
export type ExtraSettings = Pick<
  WritableDeploymentSettings,
  'FailTargetDiscovery' | 'CancelQueuedTasks' | 'CancelRunningTasks'
>;

export type Project = WritableProject & {
  readonly ClonedFromProjectId: string | null;
  /** What only the deployment settings show, with fields that we do not know. */
  readonly ExtraSettings: ExtraSettings;
};

const project: Kind<Project> = {
  name: 'Projects',
  title: 'project',
  nameOf: (document) => document.Name,
  slugs: true,
  index: (document) => ({
    ProjectGroup: document.ProjectGroupId,
    Lifecycle: document.LifecycleId,
    ClonedFrom: document.ClonedFromProjectId,
    LibraryVariableSet: document.IncludedLibraryVariableSetIds,
  }),
};

export function projectsIn(database: Database): Collection<Project> {
  return new Collection(database, project);
}

/** By id or slug, as paths name projects. @throws NotFound */
export async function projectOf(database: Database, space: string, key: string): Promise<Stored<Project>> {
  const projects = projectsIn(database);
  return (
    (await projects.find(key, space)) ??
    (await projects.resolveSlug(key, space)) ??
    (await projects.get(key, space))
  );
}

/** By id, slug or name, as the executions API names projects. @throws NotFound */
export async function projectNamed(database: Database, space: string, key: string): Promise<Stored<Project>> {
  const found = await projectsIn(database).resolve(key, space);
  if (found) return found;
  throw new NotFound(`The project "${key}" was not found in this space. Give its name, id or slug.`);
}
