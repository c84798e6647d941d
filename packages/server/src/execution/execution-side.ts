/** What those who carry orders out see of a task's execution: its state to read, and one way to have things stored. */
import type { LogChunk, LogPosition, NamedSecret } from '@argonaut/contracts/attempt';
import type { Action, Plan, PlannedAction, PlannedStep, TaskEvent, TaskState } from '@argonaut/orchestrator';
import type { LogFrame } from '../tasklog/index.ts';
import type { ExecutionPorts, StoredArtifact } from './ports.ts';
import type { TaskScope } from './task-scope.ts';

/** Something to store: events, a chunk of a log, lines of our own, an order that is done. */
export interface Entry {
  readonly events?: readonly TaskEvent[];
  readonly chunk?: { readonly attempt: string; readonly chunk: LogChunk };
  readonly frames?: readonly LogFrame[];
  readonly artifact?: StoredArtifact;
  readonly doneOrders?: readonly string[];
  readonly firedTimer?: string;
  /** The gate of this attempt is open: its log will be read with the secrets of this moment. */
  readonly openedAt?: { readonly attempt: string; readonly moment: number };
}

export interface Located {
  readonly step: PlannedStep;
  readonly planned: PlannedAction;
  readonly action: Action;
}

export interface ExecutionSide {
  readonly task: string;
  readonly plan: Plan;
  readonly epoch: number;
  readonly ports: ExecutionPorts;
  readonly scope: TaskScope;
  readonly state: TaskState;
  /** Aborted when this process gives the task up, for whatever reason. */
  readonly stopSignal: AbortSignal;

  /** Resolves when it is durable; rejects when this process gives the task up first. */
  post(entry: Entry): Promise<void>;
  /** False once it has been answered or withdrawn. */
  hasOrder(id: string): boolean;
  /** How far an attempt's log has been stored. */
  position(attempt: string): LogPosition;
  /** What its script said about its failure. */
  resultMessage(attempt: string): string | undefined;
  artifactsOf(attempt: string): readonly StoredArtifact[];
  /** The values to hide in an attempt's log: those known when its gate opened. */
  secretsOf(attempt: string): readonly NamedSecret[];
  /** Why something failed, as people may read it: no secret that the task knows is in it. */
  told(error: unknown): string;
  locate(attempt: string): Located;
  /** This process does not have the task any more, or something is badly wrong: give it up. */
  fail(error: unknown): void;
}
