/**
 * Brings one package of a step into the step's directory: unpacked as `<name>/`, or as it is as `<name><extension>`, as
 * Octopus places package references. The bytes are checked against their hash before anything is made of them.
 */
import { createHash } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { InfrastructureFailure, Invalid } from '@argonaut/contracts';
import type { UnpackLimits } from './limits.ts';
import { unpackPackage } from './unpack.ts';

export interface PackageDelivery {
  /** The package reference's name; the package id for a step's own package. */
  readonly name: string;
  /** What messages call it: `Acme.Web 1.0.0`. */
  readonly packageName: string;
  /** With its dot. */
  readonly extension: string;
  readonly content: AsyncIterable<Uint8Array>;
  /** In hex. */
  readonly sha256: string;
  readonly unpack: boolean;
  readonly limits?: UnpackLimits;
}

export interface PlacedPackage {
  /** Of the directory when it was unpacked, else of the file. */
  readonly path: string;
}

/**
 * @param directory the step's own; only the worker's user may write there
 * @throws PackageRefused, InfrastructureFailure, Invalid (the name), the signal's reason
 */
export async function placePackage(
  directory: string,
  delivery: PackageDelivery,
  signal: AbortSignal,
): Promise<PlacedPackage> {
  const { name, extension, packageName } = delivery;
  for (const part of [name, extension]) {
    if (!/^[A-Za-z0-9._ -]{0,200}$/.test(part) || part.includes('..') || name === '' || name === '.') {
      throw new Invalid(
        `The package reference "${name}${extension}" cannot be a file name. Use letters, digits, dots and dashes.`,
      );
    }
  }
  const arriving = join(directory, `.${name}.arriving`);
  try {
    await receive(arriving, delivery, signal);
    if (!delivery.unpack) {
      const path = join(directory, `${name}${extension}`);
      await rename(arriving, path);
      return { path };
    }
    const into = join(directory, name);
    const limits = delivery.limits === undefined ? {} : { limits: delivery.limits };
    await unpackPackage({ packageName, file: arriving, extension, into, signal, ...limits });
    return { path: into };
  } finally {
    await rm(arriving, { force: true });
  }
}

async function receive(
  path: string,
  { content, sha256, packageName }: PackageDelivery,
  signal: AbortSignal,
): Promise<void> {
  await rm(path, { force: true });
  const file = await open(path, 'wx', 0o644);
  try {
    const hash = createHash('sha256');
    for await (const chunk of content) {
      signal.throwIfAborted();
      hash.update(chunk);
      await file.writeFile(chunk);
    }
    if (hash.digest('hex') === sha256.toLowerCase()) return;
  } finally {
    await file.close();
  }
  throw new InfrastructureFailure(
    `The package "${packageName}" arrived damaged: its hash is not the one it was pushed with. Run the step again; if it stays so, push the package again.`,
  );
}
