/** A queue with one reader, which takes everything that has gathered: what waits together is committed together. */
export class Mailbox<T> {
  #items: T[] = [];
  #wake: (() => void) | undefined;

  put(item: T): void {
    this.#items.push(item);
    this.#wake?.();
  }

  /** What nobody will take any more. */
  close(): T[] {
    const items = this.#items;
    this.#items = [];
    return items;
  }

  /** At least one item. Rejects with the signal's reason. */
  async take(signal: AbortSignal): Promise<T[]> {
    while (this.#items.length === 0) {
      signal.throwIfAborted();
      const { promise, resolve } = Promise.withResolvers<void>();
      const wake = (): void => resolve();
      this.#wake = wake;
      signal.addEventListener('abort', wake, { once: true });
      await promise;
      signal.removeEventListener('abort', wake);
      this.#wake = undefined;
    }
    signal.throwIfAborted();
    const items = this.#items;
    this.#items = [];
    return items;
  }
}
