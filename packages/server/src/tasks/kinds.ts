/** What a folder says about the tasks that it starts: how the queue's server runs one of them. */
import type { PlanInput } from '@argonaut/orchestrator';
import type { Stored } from '../database/index.ts';
import type { TaskVariables } from '../execution/index.ts';
import type { Services } from '../services.ts';
import type { LogFrame } from '../tasklog/index.ts';
import type { Task } from './queries.ts';

/** What the process of a task is planned from; the queue adds what it knows itself. */
export type RunInput = Omit<PlanInput, 'task' | 'title' | 'server' | 'attemptPrefix'>;

export interface LoadedRun {
  readonly variables: TaskVariables;
  /** For the beginning of the log. */
  readonly warnings: readonly string[];
  /** Asked once in the life of a task; its plan is then stored. @throws Invalid with what a person can do about it. */
  planInput(): Promise<RunInput>;
}

/** What a task without a process writes and finds. */
export interface ServerWork {
  readonly signal: AbortSignal;
  /** Durable when it resolves. */
  log(frames: readonly LogFrame[]): Promise<void>;
}

export interface TaskKind {
  /** `Deploy`, … */
  readonly name: string;
  /** Tasks that run a process: its variables, now and after every restart. */
  readonly load?: (services: Services, task: Stored<Task>) => Promise<LoadedRun>;
  /** Tasks of the server itself. Done again from the start after a crash. Throws when it fails. */
  readonly perform?: (services: Services, task: Stored<Task>, work: ServerWork) => Promise<void>;
  /** In the transaction that ends the task. */
  readonly ended?: (services: Services, task: Stored<Task>) => Promise<void>;
}
