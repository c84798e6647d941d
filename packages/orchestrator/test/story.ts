/** A plan that is followed by hand, for the tests that look at single decisions; and how its attempts end. */
import type { Outcome } from '@argonaut/contracts/attempt';
import {
  advance,
  type Command,
  initialState,
  type Plan,
  type Scope,
  type TaskEvent,
  type TaskState,
} from '../src/index.ts';
import { noVariables } from './processes.ts';

export const succeeded: Outcome = {
  result: 'Succeeded',
  cause: 'exited',
  message: '',
  infrastructure: false,
};
export const failed: Outcome = {
  result: 'Failed',
  cause: 'exited',
  message: 'Exit code 3.',
  infrastructure: false,
};
export const unknown: Outcome = {
  result: 'Unknown',
  cause: 'unknown',
  message: 'No trace.',
  infrastructure: true,
};
export const neverBegan: Outcome = {
  result: 'NotStarted',
  cause: 'not-started',
  message: 'Gone.',
  infrastructure: true,
};

/** Follows a plan by hand. Leases, images, stagings and removals go well unless a test says otherwise. */
export class Story {
  state: TaskState;
  readonly all: Command[] = [];
  readonly #plan: Plan;
  readonly #scope: Scope;
  readonly #instead: (command: Command) => TaskEvent | undefined;

  /** @param instead answers of a test's own; `undefined`: as usual */
  constructor(
    plan: Plan,
    scope: Scope = noVariables,
    instead: (command: Command) => TaskEvent | undefined = () => undefined,
  ) {
    this.#plan = plan;
    this.#scope = scope;
    this.#instead = instead;
    this.state = initialState(plan);
    this.tell({ type: 'begin' });
  }

  tell(event: TaskEvent): void {
    const { state, commands } = advance(this.#plan, this.state, event, this.#scope);
    this.state = state;
    this.all.push(...commands);
    for (const command of commands) this.#easy(command);
  }

  #easy(command: Command): void {
    const own = this.#instead(command);
    if (own !== undefined) this.tell(own);
    else if (command.kind === 'lease') {
      const { pool, generation } = command;
      this.tell({ type: 'leased', pool, generation, worker: 'Workers-1', workerName: 'one' });
    } else if (command.kind === 'acquire') {
      const { image, acquisition, reference } = command;
      const acquired = { reference, local: reference, os: 'linux', architecture: 'amd64' };
      this.tell({ type: 'acquired', image, acquisition, acquired });
    } else if (command.kind === 'stage') this.tell({ type: 'staged', attempt: command.attempt });
    else if (command.kind === 'open') this.tell({ type: 'opened', attempt: command.attempt });
    else if (command.kind === 'discard') this.tell({ type: 'discarded', attempt: command.attempt });
    else if (command.kind === 'finish') this.tell({ type: 'finished', attempt: command.attempt });
  }

  /** Ends, and its container stays. */
  hold(attempt: string, outcome: Outcome = failed): void {
    const id = `servertasks-1-${attempt}`;
    this.tell({ type: 'ended', attempt: id, outcome });
    this.tell({ type: 'confirmed', attempt: id, outcome, held: true });
  }

  end(attempt: string, outcome: Outcome): void {
    this.tell({ type: 'ended', attempt: `servertasks-1-${attempt}`, outcome });
    this.tell({ type: 'confirmed', attempt: `servertasks-1-${attempt}`, outcome });
  }

  /** Attempts that were ordered to be staged, opened, …, in order. */
  attempts(kind: 'stage' | 'open' | 'discard' | 'cancel' | 'release-hold' | 'finish'): string[] {
    return this.all.flatMap((c) =>
      c.kind === kind && 'attempt' in c ? [c.attempt.replace('servertasks-1-', '')] : [],
    );
  }

  lines(): string[] {
    return this.all.flatMap((command) => (command.kind === 'say' ? [command.text] : []));
  }

  completion() {
    return this.all.find((command) => command.kind === 'complete');
  }
}
