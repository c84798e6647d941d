/**
 * Debian packages as files: fetched by apt into the cache with lists and a package database of our own, so
 * that nothing on the machine changes and no root is needed. The machine's own sources are used.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export type Architecture = 'amd64' | 'arm64';

/** The architecture of this machine in Debian's (and Docker's) words. */
export function nativeArchitecture(): Architecture {
  if (process.arch === 'x64') return 'amd64';
  if (process.arch === 'arm64') return 'arm64';
  throw new Error(`the test images are made for amd64 and arm64; this machine is ${process.arch}`);
}

/** Long enough for a slow mirror; a healthy one needs a few seconds. */
const APT_DEADLINE_MS = 300_000;

export class Packages {
  readonly #home: string;

  /** @param home a directory in the cache, for lists and packages */
  constructor(home: string) {
    this.#home = home;
  }

  /**
   * The `.deb` files of a set of packages (with everything they depend on, when asked), from the cache when a
   * set of this name was fetched before.
   */
  async fetch(set: {
    name: string;
    packages: readonly string[];
    architecture: Architecture;
    withDependencies: boolean;
  }): Promise<string[]> {
    const target = join(this.#home, `${set.name}-${set.architecture}`);
    if (!(await exists(target))) {
      await mkdir(this.#home, { recursive: true });
      const work = await mkdtemp(join(this.#home, 'fetch-'));
      try {
        await this.#download(work, set);
        await rename(join(work, 'archives'), target);
      } finally {
        await rm(work, { recursive: true, force: true });
      }
    }
    const files = (await readdir(target)).filter((file) => file.endsWith('.deb')).sort();
    return files.map((file) => join(target, file));
  }

  async #download(work: string, set: Parameters<Packages['fetch']>[0]): Promise<void> {
    const archives = join(work, 'archives');
    const lists = join(this.#home, 'lists', set.architecture);
    await mkdir(join(archives, 'partial'), { recursive: true });
    await mkdir(join(lists, 'partial'), { recursive: true });
    // An empty database: every dependency counts as missing and is fetched.
    await writeFile(join(work, 'status'), '');
    const apt = async (args: string[]) => {
      const settings = {
        'Dir::State::lists': lists,
        'Dir::State::status': join(work, 'status'),
        'Dir::Cache': work,
        'APT::Architecture': set.architecture,
        'APT::Architectures::': set.architecture,
        'APT::Install-Recommends': 'false',
        'APT::Sandbox::User': '',
        'Acquire::Languages': 'none',
        'Debug::NoLocking': 'true',
      };
      const options = Object.entries(settings).flatMap(([key, value]) => ['-o', `${key}=${value}`]);
      try {
        await run('apt-get', ['-q', '-y', ...options, ...args], { cwd: archives, timeout: APT_DEADLINE_MS });
      } catch (error) {
        const detail = (error as { stderr?: string }).stderr?.trim() || String(error);
        throw new Error(
          `apt-get ${args.join(' ')} failed while fetching packages for the test images: ${detail}\n` +
            'The images are made on Debian or Ubuntu with its package mirror within reach.',
        );
      }
    };
    await apt(['update']);
    // `install` asks the solver for everything that is needed; `download` fetches exactly what is named.
    await apt(
      set.withDependencies ? ['--download-only', 'install', ...set.packages] : ['download', ...set.packages],
    );
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
