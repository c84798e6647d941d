/**
 * The open log and index of each staged attempt, kept from before its gate opens until it is finished: a script that
 * deletes its log takes nothing away from whoever reads it here.
 */
import { InfrastructureFailure } from '@argonaut/contracts';
import type { Files, OpenFile } from '../ports/files.ts';
import type { StagingDirectory } from './staging-directory.ts';

export interface LogFiles {
  readonly log: OpenFile | undefined;
  readonly index: OpenFile | undefined;
}

/**
 * Opens both; `undefined` where there is none (yet). A script can also put a link or a directory there: then there is no
 * log to read, and nothing fails for it.
 */
export async function openLogFiles(
  files: Files,
  directory: StagingDirectory,
  signal: AbortSignal,
): Promise<LogFiles> {
  const log = await openOrNone(files, directory.log, signal);
  try {
    return { log, index: await openOrNone(files, directory.index, signal) };
  } catch (error) {
    await log?.[Symbol.asyncDispose]();
    throw error;
  }
}

async function openOrNone(files: Files, path: string, signal: AbortSignal): Promise<OpenFile | undefined> {
  try {
    return await files.openFile(path, signal);
  } catch (error) {
    if (error instanceof InfrastructureFailure) return undefined;
    throw error;
  }
}

export async function closeLogFiles({ log, index }: LogFiles): Promise<void> {
  await log?.[Symbol.asyncDispose]();
  await index?.[Symbol.asyncDispose]();
}

export class KeptLogs {
  readonly #files: Files;
  readonly #kept = new Map<string, LogFiles>();

  constructor(files: Files) {
    this.#files = files;
  }

  async keep(attempt: string, directory: StagingDirectory, signal: AbortSignal): Promise<void> {
    const before = this.#kept.get(attempt);
    this.#kept.set(attempt, await openLogFiles(this.#files, directory, signal));
    if (before) await closeLogFiles(before);
  }

  get(attempt: string): LogFiles | undefined {
    return this.#kept.get(attempt);
  }

  async drop(attempt: string): Promise<void> {
    const kept = this.#kept.get(attempt);
    this.#kept.delete(attempt);
    if (kept) await closeLogFiles(kept);
  }

  async close(): Promise<void> {
    for (const attempt of [...this.#kept.keys()]) await this.drop(attempt);
  }
}
