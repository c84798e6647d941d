/** Which deployment was the last one of a project to an environment: asked of the database for all pairs at once. */
import type { Database, Stored } from '../database/index.ts';
import { type Deployment, deploymentsIn, withTasks } from '../deployments/queries.ts';
import { type Release, releasesIn } from '../releases/queries.ts';
import type { Task } from '../tasks/queries.ts';

/** A deployment with what is shown beside it. */
export interface Deployed {
  readonly deployment: Stored<Deployment>;
  readonly task: Stored<Task>;
  readonly release: Stored<Release>;
}

export interface Narrowed {
  readonly space: string;
  /** Empty: all. */
  readonly projects: readonly string[];
  readonly environments: readonly string[];
  readonly release?: string | undefined;
}

/** Ids are looked up in pieces: a statement takes so many only. */
const AT_ONCE = 1_000;

/** The last deployment for each project and environment, in no order; those whose task or release is gone are left out. */
export async function lastDeployments(database: Database, narrowed: Narrowed): Promise<readonly Deployed[]> {
  const ids = await lastIds(database, narrowed);
  const found: Deployed[] = [];
  for (let from = 0; from < ids.length; from += AT_ONCE) {
    const some = await deploymentsIn(database).all({ ids: ids.slice(from, from + AT_ONCE) });
    found.push(...(await completed(database, some)));
  }
  return found;
}

/** With their tasks and releases, in the same order. */
export async function completed(
  database: Database,
  deployments: readonly Stored<Deployment>[],
): Promise<readonly Deployed[]> {
  const ids = [...new Set(deployments.map(({ document }) => document.ReleaseId))];
  if (ids.length === 0) return [];
  const releases = new Map((await releasesIn(database).all({ ids })).map((release) => [release.id, release]));
  return (await withTasks(database, deployments)).flatMap(({ deployment, task }) => {
    const release = releases.get(deployment.document.ReleaseId);
    return release === undefined ? [] : [{ deployment, task, release }];
  });
}

/** How many deployments are looked through for the last success. */
const LOOK_BACK = 50;

/** The last success before this one; undefined also where it lies far back. */
export async function lastSuccessBefore(
  database: Database,
  { deployment }: Deployed,
): Promise<Deployed | undefined> {
  const { ProjectId, EnvironmentId } = deployment.document;
  const recent = await deploymentsIn(database).all({
    space: deployment.spaceId,
    where: { Project: ProjectId, Environment: EnvironmentId },
    take: LOOK_BACK,
  });
  const earlier = await completed(
    database,
    recent.filter(({ id }) => id !== deployment.id),
  );
  return earlier.find(({ task }) => task.document.State === 'Success');
}

async function lastIds(database: Database, narrowed: Narrowed): Promise<readonly string[]> {
  const { kind } = deploymentsIn(database);
  let query = database.query
    .selectFrom('documents')
    .innerJoin('document_index as project', (join) =>
      join
        .onRef('project.id', '=', 'documents.id')
        .on('project.kind', '=', kind.name)
        .on('project.field', '=', 'Project'),
    )
    .innerJoin('document_index as environment', (join) =>
      join
        .onRef('environment.id', '=', 'documents.id')
        .on('environment.kind', '=', kind.name)
        .on('environment.field', '=', 'Environment'),
    )
    .where('documents.kind', '=', kind.name)
    .where('documents.space', '=', narrowed.space)
    .select(({ fn }) => fn.max('documents.number').as('number'))
    .groupBy(['project.value', 'environment.value']);
  if (narrowed.projects.length > 0) query = query.where('project.value', 'in', narrowed.projects);
  if (narrowed.environments.length > 0) query = query.where('environment.value', 'in', narrowed.environments);
  const { release } = narrowed;
  if (release !== undefined) {
    query = query.where('documents.id', 'in', (select) =>
      select
        .selectFrom('document_index as release')
        .select('release.id')
        .where('release.kind', '=', kind.name)
        .where('release.field', '=', 'Release')
        .where('release.value', '=', release),
    );
  }
  return (await query.execute()).map(({ number }) => `${kind.name}-${number}`);
}
