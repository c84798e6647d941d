/**
 * The packages that a worker has, by their content. What lies here under a hash is whole and was checked against that hash:
 * it arrives under a name of its own and gets its place by a rename.
 *
 * ```
 * <data>/packages/            0700 only the worker's user may enter
 *   <sha256>.file             as it was pushed
 *   <sha256>.tree/            unpacked
 *   arriving-<random>/        under way; removed when the next process begins
 *   leaving-<random>          made room for another; removed when the next process begins, if it is there still
 * ```
 */
import { createHash, randomBytes } from 'node:crypto';
import { InfrastructureFailure } from '@argonaut/contracts';
import type { AcquiredPackage, PackageRequest, TellProgress } from '@argonaut/contracts/attempt';
import { crashPoint } from '../crash-point.ts';
import { SharedPulls } from '../images/shared-pulls.ts';
import type { Files } from '../ports/files.ts';
import { LEAVING, makeRoom } from './make-room.ts';
import { unpackPackage } from './unpack.ts';

export const packagesFolder = 'packages';

const ARRIVING = 'arriving-';
const CLEANUP_MS = 60_000;

export class PackageCache {
  readonly #files: Files;
  readonly #directory: string;
  readonly #transfers = new SharedPulls<void>();
  #ready: Promise<void> | undefined;

  /** @param dataDirectory the runner's own */
  constructor(files: Files, dataDirectory: string) {
    this.#files = files;
    this.#directory = `${dataDirectory}/${packagesFolder}`;
  }

  /** Of a file, or of the directory of an unpacked one. */
  pathOf({ sha256, extract }: Pick<AcquiredPackage, 'sha256' | 'extract'>): string {
    return `${this.#directory}/${sha256}.${extract ? 'tree' : 'file'}`;
  }

  async acquire(request: PackageRequest, tell: TellProgress, signal: AbortSignal): Promise<AcquiredPackage> {
    const { packageId, version, extension, sha256, extract } = request;
    const acquired: AcquiredPackage = { packageId, version, extension, sha256, extract };
    const key = this.pathOf(request);
    await this.#transfers.share(key, tell, signal, async (report, until) => {
      await this.#prepared(until);
      if (await this.#files.stat(key, until)) {
        report({ level: 'Verbose', message: `Package ${packageId} ${version} is on the worker already.` });
        return;
      }
      await this.#bring(request, report, until);
    });
    return acquired;
  }

  async #bring(request: PackageRequest, tell: TellProgress, signal: AbortSignal): Promise<void> {
    const files = this.#files;
    const { packageId, version, extension, sizeBytes, extract } = request;
    const name = `${packageId} ${version}`;
    await makeRoom(files, this.#directory, sizeBytes * (extract ? 4 : 1), name, signal);
    const arriving = `${this.#directory}/${ARRIVING}${randomBytes(8).toString('hex')}`;
    await files.makeDirectory(arriving, 0o700, signal);
    try {
      const known = this.pathOf({ ...request, extract: false });
      const isHere = extract && (await files.stat(known, signal)) !== undefined;
      const file = isHere ? known : `${arriving}/file`;
      if (!isHere) {
        tell({
          level: 'Info',
          message: `Transferring package ${name} (${sizeOf(sizeBytes)}) to the worker.`,
        });
        await files.createFile(file, 0o666, checked(request, signal), signal);
        crashPoint('package.arrived');
      }
      const made = extract ? `${arriving}/tree` : file;
      if (extract) {
        const unpacked = await unpackPackage({
          files,
          packageName: name,
          file,
          extension,
          into: made,
          signal,
        });
        tell({
          level: 'Verbose',
          message: `Unpacked package ${name}: ${unpacked.files} files, ${sizeOf(unpacked.bytes)}.`,
        });
      }
      crashPoint('package.before-published');
      await files.rename(made, this.pathOf(request), signal);
    } finally {
      await files.remove(arriving, AbortSignal.timeout(CLEANUP_MS)).catch(() => {});
    }
  }

  /** Once per process: what an earlier one left half-way goes. */
  async #prepared(signal: AbortSignal): Promise<void> {
    // With a time of its own: others wait for it who go on when the first one is cancelled.
    this.#ready ??= this.#prepare(AbortSignal.timeout(CLEANUP_MS)).catch((error: unknown) => {
      this.#ready = undefined;
      throw error;
    });
    await this.#ready;
    signal.throwIfAborted();
  }

  async #prepare(signal: AbortSignal): Promise<void> {
    await this.#files.makeDirectory(this.#directory, 0o700, signal);
    for (const name of await this.#files.list(this.#directory, signal)) {
      if (name.startsWith(ARRIVING) || name.startsWith(LEAVING))
        await this.#files.remove(`${this.#directory}/${name}`, signal);
    }
  }
}

/** The content, which ends with a failure when it was not what was asked for. */
async function* checked(
  { content, sha256, sizeBytes, packageId, version }: PackageRequest,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of content(signal)) {
    hash.update(chunk);
    bytes += chunk.length;
    // More than there can be: it would fill the disk before anybody looked at the hash.
    if (bytes > sizeBytes) break;
    yield chunk;
  }
  if (bytes === sizeBytes && hash.digest('hex') === sha256.toLowerCase()) return;
  throw new InfrastructureFailure(
    `Package ${packageId} ${version} arrived damaged: its hash is not the one it was pushed with. Run the step again; if it stays so, push the package again.`,
  );
}

function sizeOf(bytes: number): string {
  if (bytes < 10_000) return `${bytes} bytes`;
  return bytes < 10_000_000 ? `${Math.round(bytes / 1000)} kB` : `${Math.round(bytes / 1_000_000)} MB`;
}
