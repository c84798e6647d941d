/**
 * Rebuilds the two binaries of argonaut-init: `node packages/init/build.ts [folder]` (default `bin/` beside this file).
 * The compiler is `zig cc` from the PyPI wheel `ziglang`, pinned by version and hash: same source and same compiler
 * give the same bytes in any directory. It goes into a cache folder outside the tree and is never needed to run.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const version = '0.17.1';
/** By the architecture of the machine that builds; pip chooses the wheel, the hash admits no other. */
const wheelHashes: Record<string, string> = {
  x64: 'ea6cc5d87b033cf0aedfbc8f9549a908cae6c50ac31f1698188fa48a74524b54',
};
const targets = { amd64: 'x86_64-linux-musl', arm64: 'aarch64-linux-musl' } as const;

/**
 * `-s` and no debug information: paths of the builder would get into the bytes. The rest keeps out of the file what
 * nothing calls.
 */
const flags = [
  '-std=c11',
  '-Os',
  '-s',
  '-static',
  '-ffunction-sections',
  '-Wl,--gc-sections',
  '-fno-unwind-tables',
  '-fno-asynchronous-unwind-tables',
  '-Wall',
  '-Wextra',
  '-Wno-missing-field-initializers',
  '-Werror',
];

/** Path of the pinned `zig`, downloaded on first use. Needs python3 with pip and the package index. */
export function compiler(): string {
  const cache = process.env.ARGONAUT_CACHE ?? join(homedir(), '.cache', 'argonaut');
  const folder = join(cache, `ziglang-${version}`);
  const zig = join(folder, 'ziglang', 'zig');
  if (existsSync(zig)) return zig;
  const hash = wheelHashes[process.arch];
  if (hash === undefined) {
    throw new Error(
      `no pinned compiler for a ${process.arch} machine: build on x64, or add the wheel's hash to build.ts`,
    );
  }
  mkdirSync(cache, { recursive: true });
  const work = mkdtempSync(join(cache, 'download-'));
  const requirements = join(work, 'requirements.txt');
  writeFileSync(requirements, `ziglang==${version} --hash=sha256:${hash}\n`);
  const pip = (...args: string[]) =>
    execFileSync('python3', ['-m', 'pip', '--disable-pip-version-check', ...args], { stdio: 'inherit' });
  pip(
    'install',
    '--quiet',
    '--no-deps',
    '--only-binary=:all:',
    '--require-hashes',
    '--target',
    work,
    '-r',
    requirements,
  );
  rmSync(folder, { recursive: true, force: true });
  execFileSync('mv', ['-T', work, folder]);
  return zig;
}

/** Builds both binaries into `folder` and returns the lines of SHA256SUMS. */
export function build(folder: string): string {
  const zig = compiler();
  const sums: string[] = [];
  mkdirSync(folder, { recursive: true });
  for (const [architecture, target] of Object.entries(targets)) {
    const name = `argonaut-init-${architecture}`;
    // Compiled in a directory of its own, in a fixed order: neither the name of ours nor how it lists can matter.
    const work = mkdtempSync(join(tmpdir(), 'argonaut-init-'));
    cpSync(new URL('c', import.meta.url), work, { recursive: true });
    const units = readdirSync(work).filter((file) => file.endsWith('.c'));
    execFileSync(zig, ['cc', '-target', target, ...flags, '-o', name, ...units.sort()], {
      cwd: work,
      stdio: 'inherit',
    });
    // By rename: the file in its place may be running, or mounted into a container.
    copyFileSync(join(work, name), join(folder, `${name}.new`));
    chmodSync(join(folder, `${name}.new`), 0o755);
    renameSync(join(folder, `${name}.new`), join(folder, name));
    rmSync(work, { recursive: true });
    const sha256 = createHash('sha256')
      .update(readFileSync(join(folder, name)))
      .digest('hex');
    sums.push(`${sha256}  ${name}\n`);
  }
  writeFileSync(join(folder, 'SHA256SUMS'), sums.join(''));
  return sums.join('');
}

if (import.meta.main) {
  process.stdout.write(build(resolve(process.argv[2] ?? join(import.meta.dirname, 'bin'))));
}
