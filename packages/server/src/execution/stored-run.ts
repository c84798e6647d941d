/** What a stored task looks like after a change. Pure; every store that keeps whole documents uses it. */
import { NotFound } from '@argonaut/contracts';
import type { CommandOf, Plan, TaskState } from '@argonaut/orchestrator';
import type { RunChange, StoredRun } from './ports.ts';

/** Also what a person is asked, and how the task ended: stores that have no tables for these keep them here. */
export interface KeptRun extends StoredRun {
  readonly questions: readonly CommandOf<'ask'>[];
  readonly completion?: CommandOf<'complete'>;
}

export function newRun(plan: Plan, state: TaskState): KeptRun {
  return { plan, state, orders: [], timers: [], cursors: {}, outputs: [], artifacts: [], questions: [] };
}

export function changedRun(run: KeptRun, change: RunChange): KeptRun {
  const removedOrders = new Set(change.removedOrders);
  const removedTimers = new Set(change.removedTimers);
  const newArtifacts = new Map(change.artifacts.map((artifact) => [artifact.id, artifact]));
  const completion = change.completion ?? run.completion;
  return {
    plan: run.plan,
    state: change.state ?? run.state,
    orders: [...run.orders, ...change.addedOrders].filter(({ id }) => !removedOrders.has(id)),
    timers: [...run.timers, ...change.addedTimers].filter(({ timer }) => !removedTimers.has(timer)),
    cursors: { ...run.cursors, ...change.cursors },
    outputs: [...run.outputs, ...change.outputs],
    artifacts: [...run.artifacts.filter(({ id }) => !newArtifacts.has(id)), ...newArtifacts.values()],
    questions: [...run.questions, ...change.questions].filter(
      ({ interruption }) => !change.withdrawn.some((withdrawn) => withdrawn.interruption === interruption),
    ),
    ...(completion === undefined ? {} : { completion }),
  };
}

export function noSuchTask(task: string): NotFound {
  return new NotFound(`There is no stored task "${task}". Look at the list of tasks, or start a new one.`);
}
