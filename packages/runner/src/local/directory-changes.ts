/**
 * Tells when something in a directory may have changed. One inotify watch a directory, kept while somebody asks for
 * it and for a while after, so that a change between two waits is not missed. Where the kernel refuses a watch (its
 * limit is reached, or the file system has none), the directory is taken as changed every 20 ms.
 */
import { type FSWatcher, watch } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const pollMs = 20;
const keepWatchMs = 10_000;

interface Watched {
  readonly watcher: FSWatcher | undefined;
  /** Something has happened since the last wait returned. */
  changed: boolean;
  readonly waiting: Set<() => void>;
  idle: NodeJS.Timeout | undefined;
}

export class DirectoryChanges {
  readonly #watched = new Map<string, Watched>();

  /** Resolves after a change since the last wait, at once on the first wait, or after `maxMs`. */
  async wait(directory: string, maxMs: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const entry = this.#watched.get(directory);
    if (!entry) {
      // What happened before there was a watch is unknown: let the caller look again.
      this.#start(directory);
      return;
    }
    clearTimeout(entry.idle);
    if (!entry.watcher) {
      await sleep(Math.min(maxMs, pollMs), undefined, { signal });
      return;
    }
    if (!entry.changed) await pause(entry, maxMs, signal);
    entry.changed = false;
    this.#forgetLater(directory, entry);
  }

  #start(directory: string): void {
    const entry: Watched = {
      watcher: this.#open(directory),
      changed: false,
      waiting: new Set(),
      idle: undefined,
    };
    this.#watched.set(directory, entry);
    this.#forgetLater(directory, entry);
  }

  #open(directory: string): FSWatcher | undefined {
    const wake = (): void => {
      const entry = this.#watched.get(directory);
      if (!entry) return;
      entry.changed = true;
      for (const resume of entry.waiting) resume();
    };
    try {
      const watcher = watch(directory, { persistent: false }, wake);
      watcher.on('error', wake);
      return watcher;
    } catch {
      return undefined;
    }
  }

  #forgetLater(directory: string, entry: Watched): void {
    clearTimeout(entry.idle);
    if (entry.waiting.size > 0) return;
    entry.idle = setTimeout(() => {
      entry.watcher?.close();
      this.#watched.delete(directory);
    }, keepWatchMs);
    entry.idle.unref();
  }

  close(): void {
    for (const entry of this.#watched.values()) {
      clearTimeout(entry.idle);
      entry.watcher?.close();
      for (const resume of entry.waiting) resume();
    }
    this.#watched.clear();
  }
}

function pause(entry: Watched, maxMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (): void => {
      clearTimeout(timer);
      entry.waiting.delete(done);
      signal.removeEventListener('abort', abort);
      resolve();
    };
    const abort = (): void => {
      reject(signal.reason);
      done();
    };
    const timer = setTimeout(done, maxMs);
    entry.waiting.add(done);
    signal.addEventListener('abort', abort, { once: true });
  });
}
