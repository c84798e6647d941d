/** The task `RunbookRun`: what it runs, with which variables. */
import type { Stored } from '../../database/index.ts';
import { personOf, processRunTask } from '../../tasks/process-runs/index.ts';
import { loadRunbookSnapshot, snapshotContext } from '../snapshots/load.ts';
import { placeOf } from './create.ts';
import { type RunbookRun, runbookRunsIn } from './queries.ts';

export const runbookRunTask = processRunTask({
  name: 'RunbookRun',
  argument: 'RunbookRunId',
  runsIn: runbookRunsIn,
  load: (services, { document, spaceId }: Stored<RunbookRun>) =>
    loadRunbookSnapshot(services, document.RunbookSnapshotId, spaceId),
  placeOf,
  context: async (services, { id, document }, loaded) => ({
    ...snapshotContext(loaded),
    runbookRun: {
      id,
      name: document.Name,
      created: document.Created,
      createdBy: await personOf(services, document.DeployedById),
    },
  }),
  guidedFailureMode: ({ runbook }) => runbook.document.DefaultGuidedFailureMode,
});
