/** How runbook runs are stored and found. */
import type { WritableRunbookRun } from '@argonaut/contracts/rest';
import { Collection, type Database, type Kind } from '../../database/index.ts';
import type { ProcessRun } from '../../tasks/process-runs/index.ts';

export type RunbookRun = WritableRunbookRun &
  ProcessRun & {
    readonly RunbookId: string;
    readonly RunbookSnapshotId: string;
    readonly FrozenRunbookProcessId: string;
  };

const kind: Kind<RunbookRun> = {
  name: 'RunbookRuns',
  title: 'runbook run',
  nameOf: (run) => run.Name,
  uniqueNames: false,
  order: 'newest',
  index: (run) => ({
    Project: run.ProjectId,
    Environment: run.EnvironmentId,
    Runbook: run.RunbookId,
    Snapshot: run.RunbookSnapshotId,
    Tenant: run.TenantId,
    Task: run.TaskId,
  }),
};

export function runbookRunsIn(database: Database): Collection<RunbookRun> {
  return new Collection(database, kind);
}
