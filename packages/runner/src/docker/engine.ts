/** The `Engine` port over Docker's Engine API (and what speaks it: Podman's service). */
import type { Readable } from 'node:stream';
import type { RegistryCredentials, ResolvedImage } from '@argonaut/contracts/attempt';
import type {
  ContainerConfig,
  ContainerState,
  Engine,
  EngineBuild,
  EngineTerminal,
  EngineVersion,
  ExecResult,
  ImageDetails,
  PathState,
  PullProgress,
  TerminalProgram,
} from '../ports/engine.ts';
import { buildImage } from './builds.ts';
import { EngineCalls } from './calls.ts';
import * as containers from './containers.ts';
import type { EngineEndpoint } from './endpoint.ts';
import { execute } from './exec.ts';
import { EngineHttp } from './http.ts';
import * as images from './images.ts';
import { list, record, text } from './json.ts';
import * as paths from './paths.ts';
import { terminal } from './terminal.ts';

export function createDockerEngine(endpoint: EngineEndpoint): Engine {
  return new DockerEngine(new EngineCalls(new EngineHttp(endpoint)));
}

class DockerEngine implements Engine {
  readonly #calls: EngineCalls;

  constructor(calls: EngineCalls) {
    this.#calls = calls;
  }

  get name(): string {
    return this.#calls.name;
  }

  async version(signal: AbortSignal): Promise<EngineVersion> {
    const apiVersion = await this.#calls.version(signal);
    const ask = (path: string) =>
      this.#calls.json({ method: 'GET', path, subject: 'asking the engine' }, signal);
    const [versionAnswer, infoAnswer] = await Promise.all([ask('/version'), ask('/info')]);
    const version = record(versionAnswer);
    const info = record(infoAnswer);
    const component = record(list(version.Components)[0]);
    return {
      name: text(component.Name) || 'Engine',
      version: text(version.Version),
      apiVersion,
      os: text(version.Os),
      architecture: text(version.Arch),
      liveRestore: info.LiveRestoreEnabled === true,
      id: text(info.ID),
      imageDirectories: imageDirectories(info),
    };
  }

  inspectImage(reference: string, signal: AbortSignal): Promise<ImageDetails | undefined> {
    return images.inspectImage(this.#calls, reference, signal);
  }

  resolveImage(
    reference: string,
    credentials: RegistryCredentials | undefined,
    signal: AbortSignal,
  ): Promise<ResolvedImage> {
    return images.resolveImage(this.#calls, reference, credentials, signal);
  }

  pullImage(
    reference: string,
    options: { readonly platform?: string; readonly credentials?: RegistryCredentials },
    onProgress: (line: PullProgress) => void,
    signal: AbortSignal,
  ): Promise<void> {
    return images.pullImage(this.#calls, reference, options, onProgress, signal);
  }

  buildImage(build: EngineBuild, onOutput: (text: string) => void, signal: AbortSignal): Promise<void> {
    return buildImage(this.#calls, build, onOutput, signal);
  }

  tagImage(reference: string, repository: string, tag: string, signal: AbortSignal): Promise<void> {
    return images.tagImage(this.#calls, reference, repository, tag, signal);
  }

  removeImage(reference: string, signal: AbortSignal): Promise<void> {
    return images.removeImage(this.#calls, reference, signal);
  }

  loadImage(tar: Readable, signal: AbortSignal): Promise<void> {
    return images.loadImage(this.#calls, tar, signal);
  }

  listImages(signal: AbortSignal): Promise<readonly ImageDetails[]> {
    return images.listImages(this.#calls, signal);
  }

  createContainer(
    name: string,
    config: ContainerConfig,
    signal: AbortSignal,
  ): Promise<{ readonly id: string }> {
    return containers.createContainer(this.#calls, name, config, signal);
  }

  startContainer(id: string, signal: AbortSignal): Promise<'started' | 'already'> {
    return containers.startContainer(this.#calls, id, signal);
  }

  inspectContainer(idOrName: string, signal: AbortSignal): Promise<ContainerState | undefined> {
    return containers.inspectContainer(this.#calls, idOrName, signal);
  }

  waitContainer(id: string, signal: AbortSignal): Promise<number | undefined> {
    return containers.waitContainer(this.#calls, id, signal);
  }

  killContainer(id: string, name: 'SIGTERM' | 'SIGKILL', signal: AbortSignal): Promise<void> {
    return containers.killContainer(this.#calls, id, name, signal);
  }

  removeContainer(idOrName: string, signal: AbortSignal): Promise<void> {
    return containers.removeContainer(this.#calls, idOrName, signal);
  }

  execute(id: string, argv: readonly string[], signal: AbortSignal): Promise<ExecResult> {
    return execute(this.#calls, id, argv, signal);
  }

  terminal(id: string, program: TerminalProgram, signal: AbortSignal): Promise<EngineTerminal> {
    return terminal(this.#calls, id, program, signal);
  }

  renameContainer(id: string, name: string, signal: AbortSignal): Promise<void> {
    return containers.renameContainer(this.#calls, id, name, signal);
  }

  listContainers(
    labels: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<readonly ContainerState[]> {
    return containers.listContainers(this.#calls, labels, signal);
  }

  statPath(id: string, path: string, signal: AbortSignal): Promise<PathState | undefined> {
    return paths.statPath(this.#calls, id, path, signal);
  }

  readPath(id: string, path: string, signal: AbortSignal): Promise<Readable | undefined> {
    return paths.readPath(this.#calls, id, path, signal);
  }

  async close(): Promise<void> {
    // Nothing is kept open: every call has a connection of its own, ended by its signal.
  }
}

/** With the containerd store images are in containerd's own directory, whose path the engine does not tell. */
function imageDirectories(info: Readonly<Record<string, unknown>>): readonly string[] {
  const root = text(info.DockerRootDir);
  const containerd = JSON.stringify(info.DriverStatus ?? '').includes('io.containerd.snapshotter');
  return [...(containerd ? ['/var/lib/containerd'] : []), ...(root === '' ? [] : [root])];
}
