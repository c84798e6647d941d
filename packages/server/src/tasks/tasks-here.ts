/**
 * The tasks that this process runs. Nearly everything about a task goes through the database, whichever server is asked;
 * a terminal is a connection, and only the task's own server has the other end of it.
 */
import type { TaskExecution } from '../execution/index.ts';

export class TasksHere {
  readonly #executions = new Map<string, TaskExecution>();

  /** Until it is disposed of. */
  add(execution: TaskExecution): Disposable {
    this.#executions.set(execution.task, execution);
    return {
      [Symbol.dispose]: () => {
        if (this.#executions.get(execution.task) === execution) this.#executions.delete(execution.task);
      },
    };
  }

  of(task: string): TaskExecution | undefined {
    return this.#executions.get(task);
  }
}
