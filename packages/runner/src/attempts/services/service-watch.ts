/**
 * A step goes on when one of its services ends, and then often fails for a reason that its own log does not show: whoever
 * follows it is told at that moment.
 */
import type { ServiceReport } from '@argonaut/contracts/attempt';
import type { SecretSet } from '../../masking/index.ts';
import type { JournalEntry } from '../../ports/journal.ts';
import { type AttemptRoom, wasOpened } from '../surroundings.ts';
import { servicesOf } from './services.ts';

export class ServiceWatch {
  /** Resolves when nobody listens any more. */
  readonly closed: Promise<unknown>;
  readonly #room: AttemptRoom;
  readonly #entry: JournalEntry;
  readonly #ended: { readonly name: string; readonly how: string }[] = [];

  constructor(room: AttemptRoom, entry: JournalEntry, signal: AbortSignal) {
    this.#room = room;
    this.#entry = entry;
    const { services } = room;
    const watched = services && wasOpened(entry.phase) ? servicesOf(entry) : [];
    this.closed = Promise.all(
      watched.map(async (service) => {
        try {
          const how = await services?.untilEnded(entry, service, signal);
          this.#ended.push({ name: service.name, how: how ?? 'ended' });
        } catch (error) {
          // Whoever follows learns of it with the end of the step.
          if (!signal.aborted) room.onProblem(error);
        }
      }),
    );
  }

  /** One that has ended and of which nobody has been told. `masks`: all that is known to be secret by now. */
  async next(masks: SecretSet, signal: AbortSignal): Promise<ServiceReport | undefined> {
    const over = this.#ended.shift();
    if (!over) return undefined;
    const { name, how } = over;
    const log = (await this.#room.services?.log(this.#entry, name, masks, signal)) ?? '';
    const message = masks.mask(
      `The service "${name}" ${how} while the step runs. The step goes on without it.`,
    );
    return { name, failed: true, message, log };
  }
}
