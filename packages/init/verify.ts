/**
 * `npm run init:verify`: proves that the committed binaries are what the source in `c/` says. Rebuilds both in two
 * directories with the pinned compiler, compares bytes, asserts that they are static, and runs the behaviour specifications on
 * amd64 and, through qemu-user, on arm64. Without qemu-user-static it installs it when it may (root on Debian), else it
 * says that arm64 was not run and ends with 1: a check that was left out must not look like one that passed.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const here = import.meta.dirname;
const names = ['argonaut-init-amd64', 'argonaut-init-arm64', 'SHA256SUMS'];
let failures = 0;

function check(what: string, ok: boolean, why = ''): void {
  process.stdout.write(`${ok ? 'ok  ' : 'FAIL'} ${what}${ok || why === '' ? '' : `: ${why}`}\n`);
  if (!ok) failures++;
}

/** An ELF program header of type PT_INTERP means a dynamic program, which cannot start in an image without its loader. */
function isStatic(path: string): boolean {
  const elf = readFileSync(path);
  const table = Number(elf.readBigUInt64LE(32));
  const size = elf.readUInt16LE(54);
  const count = elf.readUInt16LE(56);
  const interp = 3;
  return Array.from({ length: count }, (_, i) => elf.readUInt32LE(table + i * size)).every(
    (type) => type !== interp,
  );
}

function rebuild(): void {
  // The second build runs from a copy of the folder elsewhere: neither place nor time may show in the bytes.
  const work = mkdtempSync(join(tmpdir(), 'argonaut-init-verify-'));
  try {
    const second = join(work, 'a', 'longer', 'path');
    cpSync(join(here, 'c'), join(second, 'c'), { recursive: true });
    cpSync(join(here, 'build.ts'), join(second, 'build.ts'));
    execFileSync(process.execPath, [join(here, 'build.ts'), join(work, 'one')], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    execFileSync(process.execPath, [join(second, 'build.ts'), join(work, 'two')], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    for (const name of names) {
      const committed = readFileSync(join(here, 'bin', name));
      for (const build of ['one', 'two']) {
        check(
          `${name}: build ${build} has the committed bytes`,
          committed.equals(readFileSync(join(work, build, name))),
          'run `node packages/init/build.ts` and commit packages/init/bin, or find out why the compiler differs',
        );
      }
    }
  } finally {
    rmSync(work, { recursive: true });
  }
}

function qemu(): string | undefined {
  const command = 'qemu-aarch64-static';
  const found = () => spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0;
  if (found()) return command;
  if (process.getuid?.() === 0 && existsSync('/etc/debian_version')) {
    spawnSync('apt-get', ['update', '-q'], { stdio: 'ignore' });
    spawnSync('apt-get', ['install', '-y', '-q', 'qemu-user-static'], { stdio: 'inherit' });
  }
  return found() ? command : undefined;
}

function behaviour(architecture: string, runner: string): void {
  const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');
  const run = spawnSync(process.execPath, [vitest, 'run', '--project', 'unit', 'packages/init'], {
    cwd: join(here, '..', '..'),
    stdio: 'inherit',
    env: {
      ...process.env,
      ARGONAUT_INIT_BINARY: join(here, 'bin', `argonaut-init-${architecture}`),
      ARGONAUT_INIT_RUNNER: runner,
    },
  });
  check(`${architecture}: behaviour${runner === '' ? '' : ` under ${runner}`}`, run.status === 0);
}

rebuild();
for (const name of names.slice(0, 2)) {
  check(`${name}: static`, isStatic(join(here, 'bin', name)), 'it names an interpreter (PT_INTERP)');
}
if (process.arch === 'x64') behaviour('amd64', '');
if (process.arch === 'arm64') behaviour('arm64', '');
else {
  const runner = qemu();
  if (runner === undefined)
    check('arm64: behaviour', false, 'qemu-user-static is not installed; arm64 was not run');
  else behaviour('arm64', runner);
}
process.exitCode = failures === 0 ? 0 : 1;
