/** Finds the committed binaries. They are built by `build.ts` and checked by `verify.ts`; nothing here needs a compiler. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** As Docker names architectures. It is the *engine's* that decides, not the image's. */
export type Architecture = 'amd64' | 'arm64';

export interface InitBinary {
  /** Absolute path of the static executable (mode 0755). */
  readonly path: string;
  /** Lower-case hex; a worker names its copy by it and never overwrites one. */
  readonly sha256: string;
}

/** The committed binary for an architecture. Throws if `SHA256SUMS` does not list it, which means a broken checkout. */
export function initBinary(architecture: Architecture): InitBinary {
  const folder = new URL('../bin/', import.meta.url);
  const name = `argonaut-init-${architecture}`;
  const sums = readFileSync(new URL('SHA256SUMS', folder), 'utf8');
  const line = sums.split('\n').find((each) => each.endsWith(`  ${name}`));
  const sha256 = line?.slice(0, 64);
  if (sha256 === undefined || !/^[0-9a-f]{64}$/.test(sha256)) {
    throw new Error(
      `packages/init/bin/SHA256SUMS has no hash for ${name}; restore the file or run packages/init/build.ts`,
    );
  }
  return { path: fileURLToPath(new URL(name, folder)), sha256 };
}
