/**
 * The attempts that this worker knows: the journal in memory, with a lock and the highest epoch for each. Whatever
 * changes here is durable before anybody can act on it.
 */
import { Conflict, NotFound } from '@argonaut/contracts';
import type { Clock } from '../ports/clock.ts';
import type { Journal, JournalEntry } from '../ports/journal.ts';

export class AttemptBook {
  readonly #journal: Journal;
  readonly #clock: Clock;
  readonly #entries = new Map<string, JournalEntry>();
  readonly #locks = new Map<string, Promise<unknown>>();

  private constructor(journal: Journal, clock: Clock) {
    this.#journal = journal;
    this.#clock = clock;
  }

  static async open(journal: Journal, clock: Clock): Promise<AttemptBook> {
    const book = new AttemptBook(journal, clock);
    for (const entry of await journal.list()) book.#entries.set(entry.spec.attempt, entry);
    return book;
  }

  entries(): readonly JournalEntry[] {
    return [...this.#entries.values()];
  }

  get(attempt: string): JournalEntry | undefined {
    return this.#entries.get(attempt);
  }

  /** `NotFound` says that the worker never had it, or has been told to forget it. */
  require(attempt: string): JournalEntry {
    const entry = this.#entries.get(attempt);
    if (entry && entry.phase !== 'finished') return entry;
    throw new NotFound(`This worker knows no attempt ${attempt}: it was never staged here, or is finished.`);
  }

  /** Refuses a caller whose lease has passed to another, and remembers a newer one. Under the attempt's lock, as `put`. */
  async admit(attempt: string, epoch: number): Promise<void> {
    const entry = this.#entries.get(attempt);
    if (!entry || epoch === entry.epoch) return;
    if (epoch < entry.epoch) {
      throw new Conflict(
        `Attempt ${attempt} belongs to epoch ${entry.epoch} now; a caller of epoch ${epoch} may not act on it any more.`,
        { details: { epoch: entry.epoch } },
      );
    }
    await this.put({ ...entry, epoch });
  }

  /** The same for those who do not hold the lock. They wait for it only when there is something to write. */
  async admitUnlocked(attempt: string, epoch: number): Promise<void> {
    if (this.#entries.get(attempt)?.epoch !== epoch)
      await this.locked(attempt, () => this.admit(attempt, epoch));
  }

  async put(entry: Omit<JournalEntry, 'changedMs'>): Promise<JournalEntry> {
    const stamped = { ...entry, changedMs: this.#clock.now() };
    await this.#journal.put(stamped);
    this.#entries.set(entry.spec.attempt, stamped);
    return stamped;
  }

  /**
   * For those who do not hold the attempt's lock: its entry becomes what `to` makes of it; `undefined` leaves it, and is
   * the answer then. Of two who made something of the same entry at once, one would undo what the other wrote.
   */
  change(
    attempt: string,
    to: (entry: JournalEntry | undefined) => JournalEntry | undefined,
  ): Promise<JournalEntry | undefined> {
    return this.locked(attempt, async () => {
      const changed = to(this.#entries.get(attempt));
      return changed && this.put(changed);
    });
  }

  async forget(attempt: string): Promise<void> {
    await this.#journal.remove(attempt);
    this.#entries.delete(attempt);
  }

  /** One verb after the other for each attempt; verbs of different attempts do not wait for each other. */
  async locked<T>(attempt: string, work: () => Promise<T>): Promise<T> {
    const before = this.#locks.get(attempt) ?? Promise.resolve();
    const now = before.then(work, work);
    const settled = now.then(
      () => {},
      () => {},
    );
    this.#locks.set(attempt, settled);
    try {
      return await now;
    } finally {
      if (this.#locks.get(attempt) === settled) this.#locks.delete(attempt);
    }
  }
}
