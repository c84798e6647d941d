/** What every folder of the server may use, made once at the start and passed in. */
import type { Connections } from './connections/index.ts';
import type { Foundation } from './foundation.ts';
import type { TasksHere } from './tasks/tasks-here.ts';

export interface Services extends Foundation {
  /** How this process reaches workers. */
  readonly connections: Connections;
  /** The tasks that this process runs: for what only their own server can do. */
  readonly tasksHere: TasksHere;
}
