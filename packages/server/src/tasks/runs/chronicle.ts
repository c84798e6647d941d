/** What the change of a run means for people: the task's end, its warnings, what it asks and takes back. */
import { timestamp } from '@argonaut/contracts/rest';
import type { RunChange } from '../../execution/index.ts';
import { ask, pendingTypes, withdraw } from '../../interruptions/queries.ts';
import type { Services } from '../../services.ts';
import { endTask } from '../ending.ts';
import type { TaskKind } from '../kinds.ts';
import { changeTask, tasksIn } from '../queries.ts';
import type { Chronicle } from './run-store.ts';

export class TaskChronicle implements Chronicle {
  readonly #services: Services;
  readonly #kinds: ReadonlyMap<string, TaskKind>;
  /** Tasks that are known to have warned: their document is not looked at again for that. */
  readonly #warned = new Set<string>();

  constructor(services: Services, kinds: ReadonlyMap<string, TaskKind>) {
    this.#services = services;
    this.#kinds = kinds;
  }

  async record(task: string, change: RunChange): Promise<void> {
    const { database, now } = this.#services;
    const warns =
      !this.#warned.has(task) &&
      change.frames.some(
        (frame) => frame.type === 'text' && (frame.level === 'Warning' || frame.level === 'Error'),
      );
    for (const question of change.questions) await ask(this.#services, task, question);
    for (const question of change.withdrawn) await withdraw(this.#services, task, question);
    const asks = change.questions.length + change.withdrawn.length > 0;
    if (warns || asks) {
      const types = await pendingTypes(database, task);
      await changeTask(database, task, (document) => ({
        ...document,
        LastUpdatedTime: timestamp(now()),
        HasWarningsOrErrors: document.HasWarningsOrErrors || warns,
        PendingInterruptionTypes: types,
      }));
      if (warns) database.afterCommit(() => this.#warned.add(task));
    }
    if (change.completion === undefined) return;
    const { result: state, errorMessage, unknown } = change.completion;
    const { document } = await tasksIn(database).get(task);
    await endTask(this.#services, task, { state, errorMessage, unknown }, this.#kinds.get(document.Name));
    database.afterCommit(() => this.#warned.delete(task));
  }
}
