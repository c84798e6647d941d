/** Tells whoever watches a task in this process that there is something new. Carries no data: the store has it. */
export class TaskNews {
  readonly #listeners = new Map<string, Set<() => void>>();

  /** Call it after the commit. */
  tell(task: string): void {
    for (const listener of this.#listeners.get(task) ?? []) listener();
  }

  /** Returns how to stop. */
  listen(task: string, listener: () => void): () => void {
    const listeners = this.#listeners.get(task) ?? new Set();
    this.#listeners.set(task, listeners);
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) this.#listeners.delete(task);
    };
  }
}
