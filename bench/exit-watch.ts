/** When argonaut-init wrote the `exit` of each attempt: watched in the worker's directories, outside the product. */
import { existsSync, type FSWatcher, mkdirSync, statSync, watch } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export class ExitWatch implements Disposable {
  /** Milliseconds since the epoch by attempt. */
  readonly written = new Map<string, number>();
  readonly #watchers = new Set<FSWatcher>();
  readonly #attempts: string;

  /** @param data the runner's data directory. */
  constructor(data: string) {
    this.#attempts = join(data, 'attempts');
    mkdirSync(this.#attempts, { recursive: true, mode: 0o700 });
    const watcher = watch(this.#attempts, (_, name) => {
      // `<attempt>.<random>`; told again when it is removed.
      if (name?.includes('.')) this.#follow(name).catch(() => {});
    });
    this.#watchers.add(watcher);
  }

  async #follow(staging: string): Promise<void> {
    const directory = join(this.#attempts, staging, 'a');
    const attempt = staging.slice(0, staging.lastIndexOf('.'));
    for (let tries = 0; tries < 100 && !existsSync(directory); tries++) await sleep(1);
    const watcher = watch(directory, (_, name) => {
      if (name !== 'exit' || this.written.has(attempt)) return;
      const seen = Date.now();
      const written = statSync(join(directory, 'exit'), { throwIfNoEntry: false })?.mtimeMs;
      this.written.set(attempt, written ?? seen);
      watcher.close();
      this.#watchers.delete(watcher);
    });
    watcher.on('error', () => {});
    this.#watchers.add(watcher);
  }

  [Symbol.dispose](): void {
    for (const watcher of this.#watchers) watcher.close();
  }
}
