/**
 * The file systems that the test images stand on, each a list of layers made from Debian packages.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Root } from './catalogue.ts';
import { Layer, type PathRule } from './layer.ts';
import { type Architecture, nativeArchitecture, type Packages } from './packages.ts';

const run = promisify(execFile);

export interface RootFileSystem {
  readonly architecture: Architecture;
  readonly layers: readonly Layer[];
}

/** Makes each root once and hands out the same layers to every image that stands on it. */
export class Roots {
  readonly #packages: Packages;
  readonly #made = new Map<Root, Promise<RootFileSystem>>();

  constructor(packages: Packages) {
    this.#packages = packages;
  }

  get(root: Root): Promise<RootFileSystem> {
    const known = this.#made.get(root);
    if (known) return known;
    const made = this.#make(root);
    this.#made.set(root, made);
    return made;
  }

  async #make(root: Root): Promise<RootFileSystem> {
    const native = nativeArchitecture();
    switch (root) {
      case 'busybox':
        return { architecture: native, layers: [await this.#busybox(native)] };
      case 'busybox-foreign': {
        const foreign = native === 'amd64' ? 'arm64' : 'amd64';
        return { architecture: foreign, layers: [await this.#busybox(foreign)] };
      }
      case 'scratch': {
        const program = await this.#busyboxProgram(native);
        return { architecture: native, layers: [new Layer().file('/busybox', program, 0o755)] };
      }
      case 'layers': {
        const base = await this.get('busybox');
        const heavy = [1, 2, 3, 4].map((n) => new Layer().file(`/heavy/${n}`, noise(`layer ${n}`, 8 << 20)));
        return { architecture: native, layers: [...base.layers, ...heavy] };
      }
      case 'musl':
        return { architecture: native, layers: [await this.#musl(native)] };
      case 'debian':
        return { architecture: native, layers: [await this.#debian(native)] };
      case 'distroless':
        return { architecture: native, layers: [await this.#distroless(native)] };
    }
  }

  async #busyboxProgram(architecture: Architecture): Promise<Buffer> {
    const debs = await this.#packages.fetch({
      name: 'busybox',
      packages: ['busybox-static'],
      architecture,
      withDependencies: false,
    });
    const layer = new Layer();
    for (const deb of debs) await layer.deb(deb);
    // Debian moves /bin to /usr/bin package by package.
    return layer.contentOf(layer.has('/bin/busybox') ? '/bin/busybox' : '/usr/bin/busybox');
  }

  async #busybox(architecture: Architecture): Promise<Layer> {
    const layer = skeleton(new Layer()).file('/bin/busybox', await this.#busyboxProgram(architecture), 0o755);
    for (const applet of await this.#applets()) layer.symlink(`/bin/${applet}`, 'busybox');
    return layer;
  }

  /** Asks the program of this machine's architecture; the same source gives the same list on the other. */
  async #applets(): Promise<string[]> {
    const directory = await mkdtemp(join(tmpdir(), 'argonaut-images-'));
    try {
      const program = join(directory, 'busybox');
      await writeFile(program, await this.#busyboxProgram(nativeArchitecture()), { mode: 0o755 });
      const { stdout } = await run(program, ['--list'], { timeout: 10_000 });
      return stdout.split('\n').filter((applet) => applet !== '' && applet !== 'busybox');
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  }

  async #musl(architecture: Architecture): Promise<Layer> {
    const layer = await this.#busybox(architecture);
    const debs = await this.#packages.fetch({
      name: 'musl',
      packages: ['musl', 'musl-dev'],
      architecture,
      withDependencies: false,
    });
    const machine = architecture === 'amd64' ? 'x86_64' : 'aarch64';
    for (const deb of debs) {
      await layer.deb(deb, (path) =>
        /^\/(lib|etc)(\/|$)/.test(path) && !path.endsWith('/lib') ? path : null,
      );
    }
    return layer.file('/bin/hello', await compileHello(debs, machine), 0o755);
  }

  #debianPackages(architecture: Architecture): Promise<string[]> {
    return this.#packages.fetch({
      name: 'debian',
      // usr-is-merged stands in for usrmerge, which needs Perl.
      packages: [
        ...['usr-is-merged', 'base-files', 'bash', 'dash', 'coreutils', 'sed', 'grep', 'findutils', 'mawk'],
        ...['python3-minimal', 'libpython3-stdlib'],
      ],
      architecture,
      withDependencies: true,
    });
  }

  async #debian(architecture: Architecture): Promise<Layer> {
    const layer = mergedSkeleton();
    for (const deb of await this.#debianPackages(architecture)) await layer.deb(deb, mergedUsr);
    // Links that maintainer scripts would make.
    if (!layer.has('/usr/bin/sh')) layer.symlink('/usr/bin/sh', 'dash');
    return layer.symlink('/usr/bin/awk', 'mawk');
  }

  /** The same packages without any program but Python. */
  async #distroless(architecture: Architecture): Promise<Layer> {
    const layer = mergedSkeleton();
    for (const deb of await this.#debianPackages(architecture)) {
      await layer.deb(deb, (path) => {
        const merged = mergedUsr(path);
        const isProgram = merged !== null && /^\/usr\/s?bin\//.test(merged);
        return isProgram && !merged.startsWith('/usr/bin/python3') ? null : merged;
      });
    }
    return layer;
  }
}

/** What every system expects to find: accounts, a world-writable /tmp, mount points. */
function skeleton(layer: Layer): Layer {
  return layer
    .file(
      '/etc/passwd',
      'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n',
    )
    .file('/etc/group', 'root:x:0:\nnogroup:x:65534:\n')
    .directory('/root', 0o700)
    .directory('/tmp', 0o1777)
    .directory('/dev')
    .directory('/proc')
    .directory('/sys');
}

function mergedSkeleton(): Layer {
  const layer = skeleton(new Layer());
  for (const directory of ['bin', 'sbin', 'lib', 'lib64']) {
    layer.directory(`/usr/${directory}`).symlink(`/${directory}`, `usr/${directory}`);
  }
  return layer;
}

/** Leaves out what no test reads and moves the top-level directories into /usr. */
const mergedUsr: PathRule = (path) => {
  if (/^\/usr\/share\/(doc|man|locale|lintian|info|bash-completion)\//.test(path)) return null;
  if (/^\/usr\/lib\/[^/]+\/gconv\//.test(path)) return null;
  if (/^\/(bin|sbin|lib|lib64)$/.test(path)) return null;
  return path.replace(/^\/(bin|sbin|lib|lib64)\//, '/usr/$1/');
};

/**
 * Compiles musl/hello.c with the machine's C compiler against musl's own headers and start files, taken from
 * the packages; musl itself is not installed.
 */
async function compileHello(debs: readonly string[], machine: string): Promise<Buffer> {
  const directory = await mkdtemp(join(tmpdir(), 'argonaut-musl-'));
  try {
    for (const deb of debs) await run('dpkg-deb', ['-x', deb, directory]);
    const library = join(directory, `usr/lib/${machine}-linux-musl`);
    const at = (file: string) => join(library, file);
    const output = join(directory, 'hello');
    const headers = ['-nostdinc', '-isystem', join(directory, `usr/include/${machine}-linux-musl`)];
    const loader = `-Wl,--dynamic-linker=/lib/ld-musl-${machine}.so.1`;
    await ensureCompiler();
    await run('cc', [
      ...['-O2', '-no-pie', '-fno-pie', '-fno-stack-protector', '-U_FORTIFY_SOURCE', ...headers],
      ...['-nostdlib', loader, at('crt1.o'), at('crti.o'), join(import.meta.dirname, 'musl/hello.c')],
      ...['-L', join(directory, `lib/${machine}-linux-musl`), '-lc', at('crtn.o'), '-s', '-o', output],
    ]);
    return await readFile(output);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** The musl program is linked once and then cached, so a compiler is installed only where there is none. */
async function ensureCompiler(): Promise<void> {
  try {
    await run('cc', ['--version']);
  } catch {
    await run('sh', [join(import.meta.dirname, '../machine/install.sh'), 'gcc']);
  }
}

/** Bytes that do not compress and are the same every time. */
function noise(seed: string, size: number): Buffer {
  const blocks = Array.from({ length: size / 32 }, (_, n) =>
    createHash('sha256').update(`${seed} ${n}`).digest(),
  );
  return Buffer.concat(blocks);
}
