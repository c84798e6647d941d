/**
 * What follows a success. A folder whose tasks have consequences says so at start-up; they are worked out in the transaction
 * that stores the success, whether the task's run ended so or a person decided that it shall count so.
 */
import type { Stored } from '../database/index.ts';
import type { Services } from '../services.ts';
import type { Task } from './queries.ts';

/** May find what it did before: a person may say the same twice. */
export type Consequence = (task: Stored<Task>) => Promise<void>;

const registered = new WeakMap<Services, Map<string, Consequence>>();

/** For tasks of this name. Called while routes are declared. */
export function whenSucceeded(services: Services, name: string, consequence: Consequence): void {
  const all = registered.get(services) ?? new Map<string, Consequence>();
  registered.set(services, all);
  all.set(name, consequence);
}

/** In the caller's transaction, after the task's document says so. */
export async function followSuccess(services: Services, task: Stored<Task>): Promise<void> {
  if (task.document.State !== 'Success') return;
  await registered.get(services)?.get(task.document.Name)?.(task);
}
