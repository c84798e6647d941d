/** How a runbook run comes into being: a snapshot, an environment, and a task in the queue. */
import { Invalid } from '@argonaut/contracts';
import type { WritableRunbookRun } from '@argonaut/contracts/rest';
import type { Stored } from '../../database/index.ts';
import type { Principal } from '../../http/index.ts';
import type { Services } from '../../services.ts';
import { environmentNamed, startRun } from '../../tasks/process-runs/index.ts';
import { checkRunbookEnvironment } from '../environments.ts';
import { runbooksIn } from '../queries.ts';
import { type LoadedRunbookSnapshot, loadRunbookSnapshot, snapshotContext } from '../snapshots/load.ts';
import { runbookSnapshotNamed } from '../snapshots/queries.ts';
import { type RunbookRun, runbookRunsIn } from './queries.ts';

/** In the caller's transaction. @throws Invalid, NotFound with what stands against it. */
export async function createRunbookRun(
  services: Services,
  space: string,
  user: Principal,
  body: WritableRunbookRun,
  skipStepNames: readonly string[] = [],
): Promise<Stored<RunbookRun>> {
  const { database } = services;
  const loaded = await loadRunbookSnapshot(services, await snapshotIdOf(services, space, body), space);
  const { runbook, project, snapshot } = loaded;
  const environment = await environmentNamed(database, space, body.EnvironmentId);
  await checkRunbookEnvironment(services, runbook, environment);

  const runs = runbookRunsIn(database);
  const id = await runs.allocate();
  const run = await startRun(services, {
    space,
    user,
    id,
    options: body,
    skipStepNames,
    runnable: loaded,
    environment,
    place: placeOf(loaded, environment.id),
    system: snapshotContext(loaded),
    name: `Run on ${environment.document.Name}`,
    task: {
      name: 'RunbookRun',
      description: `Run ${runbook.document.Name} (${snapshot.document.Name}) on ${environment.document.Name}`,
      arguments: { RunbookRunId: id },
      // Beside deployments, but one at a time for a runbook and environment.
      tag: `${runbook.id}/${environment.id}`,
      runbookId: runbook.id,
      relatedIds: [id, runbook.id, snapshot.id, project.id, environment.id],
    },
  });
  return runs.insert({
    id,
    space,
    document: {
      ...body,
      ...run,
      RunbookId: runbook.id,
      RunbookSnapshotId: snapshot.id,
      FrozenRunbookProcessId: loaded.processId,
    },
  });
}

/** Where its variables hold. */
export function placeOf({ runbook }: LoadedRunbookSnapshot, environment: string) {
  return { environment, process: runbook.id };
}

/** The snapshot that is named, else the published one of the runbook. */
async function snapshotIdOf(
  { database }: Services,
  space: string,
  { RunbookId, RunbookSnapshotId }: WritableRunbookRun,
): Promise<string> {
  if (!RunbookId) {
    if (RunbookSnapshotId) return RunbookSnapshotId;
    throw new Invalid('Say what to run: RunbookId for the published snapshot, or RunbookSnapshotId.');
  }
  const runbook = await runbooksIn(database).get(RunbookId, space);
  return (await runbookSnapshotNamed(database, runbook, RunbookSnapshotId)).id;
}
