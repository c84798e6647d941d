/**
 * Tells when something in a directory of the worker may have changed, by looking. SSH brings no news by itself, so we
 * look every 20 ms after a change and more and more seldom when nothing happens, down to five times a second: a new line
 * of a quiet step is seen after at most 200 ms. One look is a few requests that are sent together: one round trip.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { FileEntryWithStats } from 'ssh2';
import type { Connection } from './connection.ts';
import { kindOfFile, Sftp, SftpRefusal } from './sftp.ts';

const shortestPauseMs = 20;
/** The polling interval that `Files.waitForChange` promises. */
export const longestPauseMs = 200;
const growth = 1.4;
/**
 * SFTP gives times in whole seconds. For this long after a directory's time has changed, another entry may come without
 * changing it again: until then the directory is listed, later only its files are looked at.
 */
const listingMs = 1_500;
const forgetMs = 10_000;

interface Watched {
  /** What was seen last: name → size and time. Absent: nothing yet. */
  seen: ReadonlyMap<string, string> | undefined;
  directoryTime: number;
  listUntil: number;
  pauseMs: number;
  idle: NodeJS.Timeout | undefined;
}

export class DirectoryChanges {
  readonly #connection: Connection;
  readonly #watched = new Map<string, Watched>();

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Resolves after a change since the last wait, at once on the first wait, or after `maxMs`. */
  async wait(directory: string, maxMs: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const known = this.#watched.get(directory);
    const watched = known ?? this.#watch(directory);
    clearTimeout(watched.idle);
    try {
      if (!known) {
        // What happened before is unknown: let the caller look again.
        await this.#changed(directory, watched, signal);
        return;
      }
      const end = performance.now() + maxMs;
      while (!(await this.#changed(directory, watched, signal))) {
        const leftMs = end - performance.now();
        if (leftMs <= 0) return;
        await sleep(Math.min(leftMs, watched.pauseMs), undefined, { signal });
        watched.pauseMs = Math.min(longestPauseMs, watched.pauseMs * growth);
      }
      watched.pauseMs = shortestPauseMs;
    } finally {
      this.#forgetLater(directory, watched);
    }
  }

  close(): void {
    for (const { idle } of this.#watched.values()) clearTimeout(idle);
    this.#watched.clear();
  }

  #watch(directory: string): Watched {
    const watched: Watched = {
      seen: undefined,
      directoryTime: Number.NaN,
      listUntil: 0,
      pauseMs: shortestPauseMs,
      idle: undefined,
    };
    this.#watched.set(directory, watched);
    return watched;
  }

  #forgetLater(directory: string, watched: Watched): void {
    clearTimeout(watched.idle);
    watched.idle = setTimeout(() => this.#watched.delete(directory), forgetMs);
    watched.idle.unref();
  }

  async #changed(directory: string, watched: Watched, signal: AbortSignal): Promise<boolean> {
    const now = await this.#look(directory, watched, signal);
    const before = watched.seen;
    watched.seen = now;
    if (before?.size !== now.size) return true;
    for (const [name, state] of now) if (before.get(name) !== state) return true;
    return false;
  }

  #look(directory: string, watched: Watched, signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
    return this.#connection.use(async (session) => {
      const sftp = new Sftp(session, signal);
      const names = performance.now() < watched.listUntil ? [] : [...(watched.seen?.keys() ?? [])];
      const [own, ...states] = await Promise.all([
        missingAs(
          Number.NaN,
          sftp.lstat(directory).then(({ mtime }) => mtime),
        ),
        ...names.map((name) => missingAs('gone', sftp.lstat(`${directory}/${name}`).then(stateOf))),
      ]);
      if (own !== watched.directoryTime) {
        watched.directoryTime = own;
        watched.listUntil = performance.now() + listingMs;
      }
      if (names.length > 0 && performance.now() >= watched.listUntil) {
        return new Map(names.map((name, index) => [name, states[index] ?? 'gone']));
      }
      const entries = await missingAs([] as readonly FileEntryWithStats[], sftp.readdir(directory));
      // Directories change in ways that nobody waits for here.
      const files = entries.filter(({ attrs }) => kindOfFile(attrs) !== 'directory');
      return new Map(files.map(({ filename, attrs }) => [filename, stateOf(attrs)]));
    }, signal);
  }
}

function stateOf({ mode, size, mtime }: { mode: number; size: number; mtime: number }): string {
  return `${mode} ${size} ${mtime}`;
}

async function missingAs<T, U>(instead: U, looking: Promise<T>): Promise<T | U> {
  try {
    return await looking;
  } catch (error) {
    if (error instanceof SftpRefusal) return instead;
    throw error;
  }
}
