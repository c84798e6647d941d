/**
 * Searches every place where a secret could lie, in every shape that programs give to values. Places are read as they are: files byte
 * by byte, the engine's own answers, what the kernel shows of processes, and all that the API answers.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import { formsOf } from '../../../../bench/canaries.ts';

/** Shorter forms would be found by chance. */
const SHORTEST_FORM = 12;
const COMMAND_WITHIN_MS = 60_000;

interface Canary {
  readonly name: string;
  readonly forms: readonly Buffer[];
}

export interface Finding {
  /** Such as `database argonaut.db`. */
  readonly where: string;
  readonly canary: string;
  /** Which of the shapes; 0 is the value as it is. The value itself is told to nobody. */
  readonly form: number;
}

/** Everything that has been read, by what was found in it. */
export class Search {
  readonly findings: Finding[] = [];
  /** How many bytes were looked at, by place. */
  readonly read = new Map<string, number>();
  readonly #canaries: readonly Canary[];

  constructor(values: ReadonlyMap<string, string>) {
    this.#canaries = [...values].map(([name, value]) => ({
      name,
      forms: formsOf(value).filter(({ length }) => length >= SHORTEST_FORM),
    }));
  }

  look(place: string, detail: string, bytes: Buffer): void {
    this.read.set(place, (this.read.get(place) ?? 0) + bytes.length);
    for (const { name, forms } of this.#canaries) {
      const form = forms.findIndex((needle) => bytes.includes(needle));
      if (form >= 0) this.findings.push({ where: `${place} ${detail}`, canary: name, form });
    }
  }

  /** Where a canary was found: names of places. */
  placesOf(canary: string): Set<string> {
    const found = this.findings.filter((finding) => finding.canary === canary);
    return new Set(found.map(({ where }) => where.split(' ')[0] ?? ''));
  }
}

/** With characters that every encoding changes. Known by its name only. */
export const newCanary = (): string => `cnry-${randomBytes(9).toString('hex')}/+&"'<é>`;

/** For what takes letters and digits only. */
export const plainCanary = (): string => `cnry${randomBytes(12).toString('hex')}`;

/** The data directory: `database`, `blobs`, `worker` and what else lies there; or any other, as one place. */
export async function searchDirectory(search: Search, directory: string, whole?: string): Promise<void> {
  for (const path of await filesBelow(directory)) {
    const bytes = await readFile(path).catch(unlessGone);
    const name = relative(directory, path);
    const [first = ''] = name.split('/');
    const place = whole ?? (/\.db/.test(first) ? 'database' : first);
    if (bytes !== undefined) search.look(place, name, bytes);
    search.look(place, 'names of files', Buffer.from(name));
  }
}

/** What goes away meanwhile is passed over, and nothing else: the engine and the worker clean up while we read. */
async function filesBelow(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(unlessGone);
  const found = (entries ?? []).map(async (entry): Promise<string[]> => {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return filesBelow(path);
    return entry.isFile() ? [path] : [];
  });
  return (await Promise.all(found)).flat();
}

function unlessGone(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
  return undefined;
}

const docker = async (...words: string[]): Promise<string> =>
  (await promisify(execFile)('docker', words, { timeout: COMMAND_WITHIN_MS, maxBuffer: 1 << 28 })).stdout;

/** What the engine tells of all its containers, what they wrote into their layers and volumes, and what it logged of them. */
export async function searchEngine(search: Search): Promise<void> {
  const ids = (await docker('ps', '--all', '--quiet', '--no-trunc')).split('\n').filter((id) => id !== '');
  for (const id of ids) {
    const text = await docker('inspect', id).catch(() => '');
    if (text === '') continue;
    search.look('inspect', id.slice(0, 12), Buffer.from(text));
    const [{ GraphDriver, Mounts, Config }] = JSON.parse(text);
    // Containers of others are none of our business, and may be large.
    if (!['attempt', 'service'].includes(Config?.Labels?.['argonaut.role'])) continue;
    const folders = [GraphDriver?.Data?.UpperDir, ...volumesOf(Mounts)].filter(
      (folder) => folder !== undefined,
    );
    for (const folder of folders) {
      for (const path of await filesBelow(folder)) {
        const bytes = await readFile(path).catch(unlessGone);
        if (bytes !== undefined) search.look('layer', path.slice(folder.length), bytes);
      }
    }
    search.look('engine-log', id.slice(0, 12), Buffer.from(await docker('logs', id).catch(() => '')));
  }
}

function volumesOf(mounts: readonly { Type: string; Source: string }[] | undefined): string[] {
  return (mounts ?? []).flatMap(({ Type, Source }) => (Type === 'volume' ? [Source] : []));
}

/**
 * Command lines of all processes, and environments of all but the programs of steps: those have what they were given, in memory
 * that is theirs. argonaut-init, the first process of a container, is none of them. The engine's kernel shows command lines of steps
 * to everybody on the machine, as it does with all programs: so they are told apart (`cmdline of a step`).
 */
export async function searchProcesses(search: Search): Promise<void> {
  const own = await readlink('/proc/self/ns/pid');
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const file = (name: string) => readFile(`/proc/${pid}/${name}`).catch(() => Buffer.alloc(0));
    const isInside = (await readlink(`/proc/${pid}/ns/pid`).catch(() => own)) !== own;
    const inner = /^NSpid:.*\s(\d+)$/m.exec((await file('status')).toString())?.[1];
    const isOfStep = isInside && inner !== '1';
    search.look('processes', `${pid} cmdline${isOfStep ? ' of a step' : ''}`, await file('cmdline'));
    if (!isOfStep) search.look('processes', `${pid} environ`, await file('environ'));
  }
}
