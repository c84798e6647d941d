/**
 * A Docker daemon of a test's own, that may be killed: in a network namespace of its own (`--bridge none` would delete the
 * bridge of the machine's daemon) and with folders of its own. Needs root and the `dockerd` program.
 */
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { openSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { createDockerEngine } from '../src/docker/index.ts';
import type { Engine } from '../src/ports/index.ts';
import { eventually, patience } from './contract/bench.ts';

/** How a program of the engine is called where the engine lies in a folder of its own (`npm run test:engines`). */
const enter = (process.env.ARGONAUT_TEST_ENGINE_ENTER ?? '').split(' ').filter((word) => word !== '');
/** The image store that the run is about; the engine's own choice when it says nothing. */
const store = process.env.ARGONAUT_TEST_IMAGE_STORE;

function engineCommand(...words: string[]): [command: string, args: string[]] {
  const [command = '', ...args] = [...enter, ...words];
  return [command, args];
}

export const canRunPrivateEngine = (): boolean =>
  process.getuid?.() === 0 && spawnSync(...engineCommand('dockerd', '--version')).status === 0;

export class PrivateEngine {
  readonly #root: string;
  readonly #liveRestore: boolean;
  #process: ChildProcess | undefined;
  #containerd: ChildProcess | undefined;

  private constructor(root: string, liveRestore: boolean) {
    this.#root = root;
    this.#liveRestore = liveRestore;
  }

  static async start(options: { readonly liveRestore: boolean; readonly images: readonly string[] }) {
    const engine = new PrivateEngine(await mkdtemp('/tmp/argonaut-dockerd-'), options.liveRestore);
    await engine.start();
    for (const image of options.images) {
      await promisify(execFile)('sh', ['-c', `docker save ${image} | docker --host ${engine.host} load`]);
    }
    return engine;
  }

  get host(): string {
    return `unix://${this.#root}/docker.sock`;
  }

  engine(): Engine {
    return createDockerEngine({ kind: 'socket', path: `${this.#root}/docker.sock` });
  }

  /** Resolves when it answers. */
  async start(): Promise<void> {
    const engine = this.engine();
    this.#containerd ??= await this.#startContainerd();
    await eventually(
      'dockerd answers',
      async () => {
        if (!this.#process || this.#process.exitCode !== null || this.#process.signalCode !== null)
          this.#spawn();
        return engine.version(patience(2_000)).then(
          () => true,
          () => false,
        );
      },
      60_000,
    );
  }

  #spawn(): void {
    const root = this.#root;
    const containerd = ['--containerd', `${root}/containerd.sock`];
    const options = [
      ...containerd,
      '--host',
      this.host,
      '--data-root',
      `${root}/data`,
      '--exec-root',
      `${root}/exec`,
    ];
    const quiet = ['--pidfile', `${root}/pid`, '--bridge', 'none', '--iptables=false', '--ip-forward=false'];
    const restore = this.#liveRestore ? ['--live-restore'] : [];
    const images = store === undefined ? [] : ['--config-file', `${root}/daemon.json`];
    const [command, args] = engineCommand('dockerd', ...options, ...quiet, ...restore, ...images);
    this.#process = spawn('unshare', ['--net', command, ...args, '--log-level', 'error'], {
      stdio: ['ignore', 'ignore', openSync(`${root}/log`, 'a')],
    });
  }

  /** SIGKILL of the daemon; its containerd and the containers go on, as they do where both are services of the system. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  async #end(name: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const child = this.#process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill(name);
    await gone;
  }

  async #startContainerd(): Promise<ChildProcess> {
    const root = this.#root;
    await writeFile(
      `${root}/containerd.toml`,
      'version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n',
    );
    await writeFile(
      `${root}/daemon.json`,
      JSON.stringify({ features: { 'containerd-snapshotter': store === 'containerd' } }),
    );
    const folders = ['--root', `${root}/containerd`, '--state', `${root}/containerd-state`];
    const configuration = ['--config', `${root}/containerd.toml`, '--address', `${root}/containerd.sock`];
    return spawn(...engineCommand('containerd', ...configuration, ...folders, '--log-level', 'error'), {
      stdio: ['ignore', 'ignore', openSync(`${root}/containerd.log`, 'a')],
    });
  }

  /** A daemon that is killed inside a start call leaves shims behind that nobody ends: known by our containerd's address. */
  async #endShims(): Promise<void> {
    for (const name of await readdir('/proc')) {
      const words = (await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '')).split('\0');
      if (!words[0]?.includes('containerd-shim') || !words.includes(`${this.#root}/containerd.sock`))
        continue;
      // A `runc init` that was never told to go on does not end with its shim.
      const children = await readFile(`/proc/${name}/task/${name}/children`, 'utf8').catch(() => '');
      for (const pid of [name, ...children.trim().split(' ')])
        if (pid !== '') process.kill(Number(pid), 'SIGKILL');
    }
  }

  async close(): Promise<void> {
    await this.#end('SIGTERM');
    this.#containerd?.kill('SIGTERM');
    await this.#endShims();
    // A killed daemon leaves mounts behind.
    const mounts = (await readFile('/proc/mounts', 'utf8'))
      .split('\n')
      .map((line) => line.split(' ')[1] ?? '');
    for (const mount of mounts.filter((path) => path.startsWith(this.#root)).reverse()) {
      spawnSync('umount', ['-l', mount]);
    }
    await rm(this.#root, { recursive: true, force: true });
  }
}
