/**
 * What the runner needs of the engine before the first container: proof that it sees our data directory, the init
 * program where it can mount it, and the pool of sandboxes. Made once, when it is first needed; an engine that does not
 * answer yet is asked again by whoever comes next.
 */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { InfrastructureFailure, Invalid, NotFound } from '@argonaut/contracts';
import { type Architecture, initBinary } from '@argonaut/init';
import { ImageKnowledge } from '../images/knowledge.ts';
import type { Clock } from '../ports/clock.ts';
import type { Engine, EngineVersion } from '../ports/engine.ts';
import type { Files } from '../ports/files.ts';
import { SandboxPool } from '../sandboxes/pool.ts';
import { type SandboxImage, sandboxImage } from '../sandboxes/sandbox-image.ts';
import { labels } from './container-config.ts';
import { Homes } from './homes.ts';
import { Interpreters } from './interpreter.ts';
import type { Proxies } from './proxies.ts';

export interface EngineRoomOptions {
  readonly engine: Engine;
  readonly files: Files;
  readonly clock: Clock;
  readonly server: string;
  /** As the runner sees it. */
  readonly dataDirectory: string;
  /** As the engine sees it. */
  readonly hostDataDirectory: string;
  readonly poolSize: number;
  readonly proxies: Proxies;
  readonly onProblem: (error: unknown) => void;
}

const readyDeadlineMs = 60_000;

export class EngineRoom {
  readonly engine: Engine;
  readonly images: ImageKnowledge;
  readonly interpreters: Interpreters;
  readonly homes: Homes;
  readonly sandboxes: SandboxPool;
  /** On everything that this runner makes, so that the next one finds what is left. */
  readonly owner: Readonly<Record<string, string>>;
  readonly #options: EngineRoomOptions;
  #ready: Promise<void> | undefined;
  #version: EngineVersion | undefined;
  #initPath = '';
  #recover: ((signal: AbortSignal) => Promise<void>) | undefined;

  constructor(options: EngineRoomOptions) {
    this.#options = options;
    this.owner = { [labels.server]: options.server, [labels.data]: options.hostDataDirectory };
    this.engine = options.engine;
    this.images = new ImageKnowledge(options.engine, this.owner);
    this.interpreters = new Interpreters(options.engine);
    this.homes = new Homes(options.engine);
    this.sandboxes = new SandboxPool({
      engine: options.engine,
      image: async () => this.#sandboxImage(),
      owner: this.owner,
      clock: options.clock,
      size: options.poolSize,
      onProblem: options.onProblem,
    });
  }

  /** Called once, when the engine has answered for the first time and before anything is created. */
  onReady(recover: (signal: AbortSignal) => Promise<void>): void {
    this.#recover = recover;
  }

  /** One preparation for everybody who asks; after a failure the next one tries again. */
  async ready(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (!this.#ready) {
      this.#ready = this.#prepare(AbortSignal.timeout(readyDeadlineMs));
      this.#ready.catch(() => {
        this.#ready = undefined;
      });
    }
    await this.#ready;
  }

  /** What every container finds. */
  get proxies(): Proxies {
    return this.#options.proxies;
  }

  get version(): EngineVersion | undefined {
    return this.#version;
  }

  /** The data directory under the engine's name. */
  get hostDataDirectory(): string {
    return this.#options.hostDataDirectory;
  }

  /** Where the engine finds the init program. */
  get hostInit(): string {
    return this.hostPath(this.#initPath);
  }

  /** The engine's name for a path below the data directory. */
  hostPath(path: string): string {
    const { dataDirectory, hostDataDirectory } = this.#options;
    return path.startsWith(`${dataDirectory}/`) ? hostDataDirectory + path.slice(dataDirectory.length) : path;
  }

  /** Where a path of the engine's machine leads. Undefined: nothing is there, or that machine's files are not ours to see. */
  async realPath(path: string, signal: AbortSignal): Promise<string | undefined> {
    const { files, dataDirectory, hostDataDirectory } = this.#options;
    return dataDirectory === hostDataDirectory ? files.realPath(path, signal) : undefined;
  }

  async #prepare(signal: AbortSignal): Promise<void> {
    this.#version = await this.engine.version(signal);
    if (this.#version.os !== 'linux') {
      throw new InfrastructureFailure(
        `The engine at ${this.engine.name} runs ${this.#version.os} containers; only Linux containers can run steps.`,
      );
    }
    this.#initPath = await installInit(
      this.#options.files,
      this.#options.dataDirectory,
      this.#architecture(),
      signal,
    );
    await this.#proveSight(signal);
    await this.#recover?.(signal);
    this.sandboxes.refill();
  }

  #architecture(): Architecture {
    const architecture = this.#version?.architecture;
    if (architecture === 'amd64' || architecture === 'arm64') return architecture;
    throw new InfrastructureFailure(
      `The engine at ${this.engine.name} runs on ${architecture ?? 'an unknown architecture'}; amd64 and arm64 are supported.`,
    );
  }

  #sandboxImage(): SandboxImage {
    return sandboxImage(this.#architecture());
  }

  /**
   * A file that we write and the engine finds proves that both mean the same directory. A server in a container, or an
   * engine on another machine, sees something else under that path.
   */
  async #proveSight(signal: AbortSignal): Promise<void> {
    const { files, dataDirectory, hostDataDirectory } = this.#options;
    const nonce = randomBytes(12).toString('hex');
    const folder = `${dataDirectory}/proof-${nonce}`;
    await files.makeDirectory(folder, 0o711, signal);
    const image = this.#sandboxImage();
    const config = {
      Image: image.name,
      Cmd: ['version'],
      Labels: { ...this.owner, [labels.role]: 'proof' },
      HostConfig: {
        NetworkMode: 'none',
        LogConfig: { Type: 'none' },
        Mounts: [{ Type: 'bind', Source: this.hostPath(folder), Target: '/proof', ReadOnly: true }],
      },
    };
    const name = `argonaut-proof-${nonce}`;
    try {
      await files.writeFile(`${folder}/nonce`, Buffer.from(nonce), 0o644, signal);
      const id = await this.#create(name, config, image, signal);
      const seen = await this.engine.statPath(id, '/proof/nonce', signal);
      if (seen?.size !== nonce.length) throw new Invalid('the engine sees another directory there');
    } catch (cause) {
      if (!(cause instanceof Invalid)) throw cause;
      throw new InfrastructureFailure(
        `The engine at ${this.engine.name} does not see the data directory ${dataDirectory}${
          hostDataDirectory === dataDirectory ? '' : ` under ${hostDataDirectory}`
        }. When Argonaut runs in a container, set ARGONAUT_HOST_DATA to the path that the data directory has on the machine of the engine.`,
        { cause },
      );
    } finally {
      // By name: an engine that dies inside the call may have made it all the same.
      this.sandboxes.putAway(name);
      await files.remove(folder, signal);
    }
  }

  async #create(name: string, config: object, image: SandboxImage, signal: AbortSignal): Promise<string> {
    try {
      return (await this.engine.createContainer(name, { ...config }, signal)).id;
    } catch (error) {
      if (!(error instanceof NotFound)) throw error;
      await this.engine.loadImage(await image.tar(), signal);
      return (await this.engine.createContainer(name, { ...config }, signal)).id;
    }
  }
}

/** Puts the program below the data directory, named by its content: never overwritten while something runs it. */
export async function installInit(
  files: Files,
  dataDirectory: string,
  architecture: Architecture,
  signal: AbortSignal,
): Promise<string> {
  const binary = initBinary(architecture);
  const folder = `${dataDirectory}/init`;
  const path = `${folder}/argonaut-init-${binary.sha256}`;
  if ((await files.stat(path, signal))?.kind === 'file') return path;
  await files.makeDirectory(folder, 0o755, signal);
  await files.writeFile(path, await readFile(binary.path), 0o555, signal);
  return path;
}
