/** How runbook runs are stored and found. */
import type { WritableRunbookRun } from '@argonaut/contracts/rest';
import { Collection, type Database, type Kind } from '../../database/index.ts';
import type { PromptAnswers } from '../../variables/index.ts';

export type RunbookRun = WritableRunbookRun & {
  readonly RunbookId: string;
  readonly RunbookSnapshotId: string;
  readonly ProjectId: string;
  readonly FrozenRunbookProcessId: string;
  readonly TaskId: string;
  readonly Name: string;
  readonly Created: string;
  readonly DeployedBy: string;
  readonly DeployedById: string;
  readonly FailureEncountered: boolean;
  readonly VariableSnapshotIds: readonly string[];
  /** Answers to prompts; `FormValues` keeps nothing that is secret. */
  readonly Answers: PromptAnswers;
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
