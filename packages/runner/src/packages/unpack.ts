/**
 * Unpacks an archive into a directory of its own. Whole or not at all: whatever is refused, fails or is cancelled leaves
 * no directory. Every file is made new (`O_EXCL`, which follows no link), links are made last, owners and special bits
 * of the archive are not taken over.
 */
import { link, mkdir, open, rm, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { ArgonautError, InfrastructureFailure, messageOf } from '@argonaut/contracts';
import type { Archive, Entry } from './entries.ts';
import { checkLinkTarget, checkPath } from './entry-path.ts';
import { PackageRefused, shown } from './errors.ts';
import { DEFAULT_LIMITS, type UnpackLimits } from './limits.ts';
import { openTarArchive } from './tar.ts';
import { openZipArchive } from './zip.ts';

export interface UnpackOptions {
  /** What messages call it: `Acme.Web 1.0.0`. */
  readonly packageName: string;
  /** Absolute path of the archive. What it is, its first bytes say; only `.nupkg` is known by its name. */
  readonly file: string;
  readonly extension: string;
  /** Absolute path; must not exist. Its parent must, and only the worker's user may write there. */
  readonly into: string;
  readonly limits?: UnpackLimits;
  readonly signal: AbortSignal;
}

export interface Unpacked {
  readonly files: number;
  /** Of all files together. */
  readonly bytes: number;
}

/** @throws PackageRefused (the archive), InfrastructureFailure (the disk), the signal's reason */
export async function unpackPackage(options: UnpackOptions): Promise<Unpacked> {
  const { into, packageName, signal } = options;
  await using archive = await openArchive(options);
  await mkdir(into, { mode: 0o755 });
  try {
    const unpacking = new Unpacking(options);
    for await (const entry of archive.entries()) {
      signal.throwIfAborted();
      await unpacking.add(entry);
    }
    await unpacking.makeLinks();
    return unpacking.result;
  } catch (error) {
    await rm(into, { recursive: true, force: true });
    signal.throwIfAborted();
    throw explained(error, packageName);
  }
}

class Unpacking {
  readonly #options: UnpackOptions;
  readonly #limits: UnpackLimits;
  readonly #files = new Set<string>();
  readonly #links: { readonly path: string; readonly target: string }[] = [];
  #entries = 0;
  #bytes = 0;

  constructor(options: UnpackOptions) {
    this.#options = options;
    this.#limits = options.limits ?? DEFAULT_LIMITS;
  }

  get result(): Unpacked {
    return { files: this.#files.size, bytes: this.#bytes };
  }

  async add(entry: Entry): Promise<void> {
    this.#entries += 1;
    if (this.#entries > this.#limits.entries)
      throw this.#refused(`it has more than ${this.#limits.entries} entries`);
    const path = this.#checked(entry.name);
    const full = join(this.#options.into, path);
    if (entry.kind === 'other') throw this.#about(entry, 'is neither a file, a directory nor a link');
    if (entry.kind === 'directory' || path === '') {
      await mkdir(full, { recursive: true, mode: 0o755 });
      return;
    }
    await mkdir(dirname(full), { recursive: true, mode: 0o755 });
    if (entry.kind === 'file') await this.#write(path, full, entry);
    else if (entry.kind === 'symlink') this.#remember(path, entry);
    else await this.#share(path, full, entry);
  }

  /** Last, so that nothing was ever written through one. */
  async makeLinks(): Promise<void> {
    for (const { path, target } of this.#links) await symlink(target, join(this.#options.into, path));
  }

  async #write(path: string, full: string, entry: Entry): Promise<void> {
    const { signal } = this.#options;
    // The owner may always read, write and remove; a step may run as another user.
    const mode = entry.mode === undefined ? 0o644 : (entry.mode & 0o755) | 0o644;
    const file = await open(full, 'wx', mode);
    let content: Readable | undefined;
    try {
      content = await entry.content();
      for await (const chunk of content as AsyncIterable<Uint8Array>) {
        signal.throwIfAborted();
        this.#bytes += chunk.byteLength;
        await file.writeFile(chunk);
      }
      this.#files.add(path);
    } catch (error) {
      if (error instanceof ArgonautError || isSystemError(error)) throw error;
      throw this.#about(entry, `is damaged (${messageOf(error)})`);
    } finally {
      content?.destroy();
      await file.close();
    }
  }

  #remember(path: string, entry: Entry): void {
    const target = entry.target ?? '';
    const { problem } = checkLinkTarget(path, target);
    if (problem !== undefined) throw this.#about(entry, `is a link to "${shown(target)}", which ${problem}`);
    this.#links.push({ path, target });
  }

  /** A second name of a file that this archive has brought, never of one that was there before. */
  async #share(path: string, full: string, entry: Entry): Promise<void> {
    const target = this.#checked(entry.target ?? '');
    if (!this.#files.has(target))
      throw this.#about(entry, `is a link to "${shown(target)}", which is no file before it`);
    await link(join(this.#options.into, target), full);
    this.#files.add(path);
  }

  #checked(name: string): string {
    const checked = checkPath(name, this.#limits.depth);
    if ('problem' in checked) throw this.#refused(`the name "${shown(name)}" in it ${checked.problem}`);
    return checked.path;
  }

  #about(entry: Entry, clause: string): PackageRefused {
    return this.#refused(`its entry "${shown(entry.name)}" ${clause}`);
  }

  #refused(reason: string): PackageRefused {
    return new PackageRefused(this.#options.packageName, reason);
  }
}

/** By its first bytes. @throws PackageRefused */
async function openArchive(options: UnpackOptions): Promise<Archive> {
  const { file, packageName, limits = DEFAULT_LIMITS, extension } = options;
  const handle = await open(file, 'r');
  try {
    const archiveBytes = (await handle.stat()).size;
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(512), 0, 512, 0);
    const head = buffer.subarray(0, bytesRead);
    const starts = (...bytes: number[]) => bytes.every((byte, at) => head[at] === byte);
    const common = { packageName, file, archiveBytes, limits };
    if (starts(0x50, 0x4b, 3, 4) || starts(0x50, 0x4b, 5, 6)) {
      return await openZipArchive({ ...common, percentEncoded: extension.toLowerCase() === '.nupkg' });
    }
    if (starts(0x1f, 0x8b)) return openTarArchive({ ...common, gzip: true });
    // The mark of POSIX and of GNU; archives from before 1988 have none.
    if (head.subarray(257, 262).toString('latin1') === 'ustar')
      return openTarArchive({ ...common, gzip: false });
  } finally {
    await handle.close();
  }
  throw new PackageRefused(
    packageName,
    'it is neither a zip (also nupkg, jar), a tar nor a tar.gz file',
    'Push it in one of these forms, or let the step take it without unpacking.',
  );
}

/** Names that stand in each other's way, and names too long for the disk, are the archive's fault; the rest is not. */
const ARCHIVES_FAULT: Readonly<Record<string, string>> = {
  EEXIST: 'it has two entries of one name',
  ENOTDIR: 'it has a file and a directory of one name',
  EISDIR: 'it has a file and a directory of one name',
  ENAMETOOLONG: 'it has a path that is too long',
};

function explained(error: unknown, packageName: string): unknown {
  if (!isSystemError(error)) return error;
  const reason = ARCHIVES_FAULT[error.code];
  if (reason !== undefined) return new PackageRefused(packageName, reason);
  const next =
    error.code === 'ENOSPC' ? 'Free space on the disk of the worker.' : 'Look at the disk of the worker.';
  return new InfrastructureFailure(
    `The package "${packageName}" could not be unpacked: ${error.message}. ${next}`,
    {
      cause: error,
    },
  );
}

function isSystemError(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && 'syscall' in error && 'code' in error && typeof error.code === 'string';
}
