/**
 * A journal in files: one per attempt, one line per entry, each line with a CRC, the last valid line counts. A line
 * is durable before `put` resolves. What a crash leaves half-written at the end is ignored: its `put` never resolved, so
 * its effect never began. One file per attempt, so that several processes on one directory do not meet.
 */
import * as fs from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { InfrastructureFailure } from '@argonaut/contracts';
import { syncDirectory } from '../local/files.ts';
import type { Journal, JournalEntry } from '../ports/journal.ts';

const suffix = '.journal';

export async function openFileJournal(directory: string): Promise<Journal> {
  await fs.mkdir(directory, { recursive: true, mode: 0o700 });
  return new FileJournal(directory);
}

class FileJournal implements Journal {
  readonly #directory: string;
  /** The last write of each attempt: writes of one attempt follow each other. */
  readonly #writing = new Map<string, Promise<void>>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  put(entry: JournalEntry): Promise<void> {
    const { attempt } = entry.spec;
    return this.#after(attempt, () => append(this.#path(attempt), this.#directory, JSON.stringify(entry)));
  }

  async get(attempt: string): Promise<JournalEntry | undefined> {
    await this.#writing.get(attempt);
    return read(this.#path(attempt));
  }

  async list(): Promise<readonly JournalEntry[]> {
    const names = (await fs.readdir(this.#directory)).filter((name) => name.endsWith(suffix)).sort();
    const entries = await Promise.all(names.map((name) => read(join(this.#directory, name))));
    return entries.filter((entry) => entry !== undefined);
  }

  remove(attempt: string): Promise<void> {
    return this.#after(attempt, () => fs.rm(this.#path(attempt), { force: true }));
  }

  #path(attempt: string): string {
    return join(this.#directory, `${attempt}${suffix}`);
  }

  #after(attempt: string, work: () => Promise<void>): Promise<void> {
    const before = this.#writing.get(attempt) ?? Promise.resolve();
    const now = before.catch(() => {}).then(work);
    this.#writing.set(attempt, now);
    const forget = (): void => {
      if (this.#writing.get(attempt) === now) this.#writing.delete(attempt);
    };
    now.then(forget, forget);
    return now;
  }
}

async function append(path: string, directory: string, json: string): Promise<void> {
  try {
    const file = await fs.open(path, 'a', 0o600);
    try {
      const isNew = (await file.stat()).size === 0;
      // The line break comes first as well: behind a torn line it begins a line of its own.
      await file.appendFile(`\n${checksum(json)} ${json}\n`);
      await file.datasync();
      if (isNew) await syncDirectory(directory);
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw new InfrastructureFailure(
      `Cannot write the journal ${path}: ${(cause as Error).message}. Without it nothing is started; check the disk.`,
      { cause },
    );
  }
}

async function read(path: string): Promise<JournalEntry | undefined> {
  let text: string;
  try {
    text = await fs.readFile(path, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new InfrastructureFailure(`Cannot read the journal ${path}`, { cause });
  }
  for (const line of text.split('\n').reverse()) {
    const json = line.slice(9);
    // What we wrote ourselves and whose checksum agrees is an entry.
    if (line !== '' && line.slice(0, 8) === checksum(json)) return JSON.parse(json) as JournalEntry;
  }
  return undefined;
}

function checksum(json: string): string {
  return crc32(json).toString(16).padStart(8, '0');
}
