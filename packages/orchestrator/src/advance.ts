/** One step of a task's life. Pure: the same plan, state, event and variables always give the same answer. */
import { apply } from './apply.ts';
import type { Command } from './commands.ts';
import type { TaskEvent } from './events.ts';
import type { Plan, Scope } from './plan-types.ts';
import { settle } from './settle.ts';
import type { TaskState } from './state.ts';
import { Turn } from './turn.ts';

export interface Advanced {
  readonly state: TaskState;
  /** In the order in which they are to be carried out. */
  readonly commands: readonly Command[];
}

/**
 * Enters the event and decides everything that follows from it. The caller stores state and commands in one
 * transaction before it carries out any order.
 */
export function advance(plan: Plan, state: TaskState, event: TaskEvent, scope: Scope): Advanced {
  const turn = new Turn(plan, state, scope);
  apply(turn, event);
  settle(turn);
  return { state: turn.state, commands: turn.commands };
}
