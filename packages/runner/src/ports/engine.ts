/**
 * A container engine that speaks Docker's Engine API. The port is narrow: only what the runner calls, in the words of
 * that API. Implementations map every failure to an error with a kind; a missing thing is `undefined`. Absent fields
 * of an answer mean empty (newer API versions leave them out).
 */

import type { Duplex, Readable } from 'node:stream';
import type { RegistryCredentials, ResolvedImage } from '@argonaut/contracts/attempt';

export interface EngineVersion {
  readonly name: string;
  readonly version: string;
  /** The version that calls are made with: the engine's newest, capped at the newest that was tested. */
  readonly apiVersion: string;
  readonly os: string;
  readonly architecture: string;
  readonly liveRestore: boolean;
  readonly id: string;
  /** Where it keeps images, as paths of its own machine; the first one that exists counts most. */
  readonly imageDirectories: readonly string[];
}

/** What an image, or a container made from it, runs and how. */
export interface ProgramSettings {
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  readonly user: string;
  readonly workingDir: string;
  readonly env: readonly string[];
  readonly volumes: readonly string[];
  /** Its HEALTHCHECK; absent when it has none or has switched it off. Zero: the engine's default. */
  readonly healthcheck?: {
    /** `CMD` and a program's words, or `CMD-SHELL` and a line. */
    readonly test: readonly string[];
    readonly intervalMs: number;
    readonly timeoutMs: number;
  };
}

export interface ImageDetails extends ProgramSettings {
  /** A handle of this engine only: a different kind of digest in each image store. */
  readonly id: string;
  readonly repoTags: readonly string[];
  readonly repoDigests: readonly string[];
  /** Empty when the engine does not say. */
  readonly os: string;
  readonly architecture: string;
  readonly sizeBytes: number;
}

export interface ExecResult {
  readonly exitCode: number;
  /** Of both streams, its end where there is much. */
  readonly output: string;
}

/** A program of a container with a terminal of its own. */
export interface EngineTerminal {
  /** What is typed in, what is shown out; ends with the program. */
  readonly stream: Duplex;
  resize(columns: number, rows: number, signal: AbortSignal): Promise<void>;
  /** `undefined` while it runs. */
  exitCode(signal: AbortSignal): Promise<number | undefined>;
}

export interface TerminalProgram {
  readonly argv: readonly string[];
  /** `NAME=value`; everybody who may ask the engine can see them. */
  readonly environment: readonly string[];
  readonly workingDirectory: string;
  readonly columns: number;
  readonly rows: number;
}

export interface PullProgress {
  /** Layer id, absent for lines about the whole image. */
  readonly layer?: string;
  readonly status: string;
  readonly currentBytes?: number;
  readonly totalBytes?: number;
}

/** An image that is made from a Dockerfile and nothing else. */
export interface EngineBuild {
  readonly name: string;
  readonly dockerfile: string;
  /** `linux/amd64`. */
  readonly platform: string;
  readonly arguments: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
}

export interface ContainerState {
  readonly id: string;
  readonly name: string;
  readonly status: 'created' | 'running' | 'paused' | 'restarting' | 'removing' | 'exited' | 'dead';
  readonly exitCode: number;
  readonly oomKilled: boolean;
  readonly error: string;
  /** Empty when it never started. */
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly labels: Readonly<Record<string, string>>;
  /** The engine's id of its image. */
  readonly imageId: string;
  /** Its own, and what its image gave it; lists leave it empty. */
  readonly settings: ProgramSettings;
}

/** The body of a create call, in Docker's own words (`Image`, `Entrypoint`, `HostConfig`, …). */
export type ContainerConfig = Readonly<Record<string, unknown>>;

export interface PathState {
  readonly kind: 'directory' | 'link' | 'other';
  /** The nine permission bits. */
  readonly permissions: number;
  readonly size: number;
  /** Of a link: where it leads in the end, as an absolute path within the container. */
  readonly linkTarget: string;
}

export interface Engine {
  /** Where it is, for messages. */
  readonly name: string;

  version(signal: AbortSignal): Promise<EngineVersion>;

  inspectImage(reference: string, signal: AbortSignal): Promise<ImageDetails | undefined>;
  /** `/distribution`: the registry's answer through the engine. Tells 401, 403, 404 and 429 apart. */
  resolveImage(
    reference: string,
    credentials: RegistryCredentials | undefined,
    signal: AbortSignal,
  ): Promise<ResolvedImage>;
  pullImage(
    reference: string,
    options: { readonly platform?: string; readonly credentials?: RegistryCredentials },
    onProgress: (line: PullProgress) => void,
    signal: AbortSignal,
  ): Promise<void>;
  /**
   * Builds and names it. `onOutput` gets what the build prints, in pieces as they come. A failed program is an error whose
   * `details.exitCode` is its code.
   */
  buildImage(build: EngineBuild, onOutput: (text: string) => void, signal: AbortSignal): Promise<void>;
  tagImage(reference: string, repository: string, tag: string, signal: AbortSignal): Promise<void>;
  /** One of its names; the last one takes the image along. `Conflict` when a container or an image stands on it. */
  removeImage(reference: string, signal: AbortSignal): Promise<void>;
  /** A docker-archive tar. */
  loadImage(tar: Readable, signal: AbortSignal): Promise<void>;
  listImages(signal: AbortSignal): Promise<readonly ImageDetails[]>;

  /** `Conflict` when the name is taken, `NotFound` when the image is not there. */
  createContainer(
    name: string,
    config: ContainerConfig,
    signal: AbortSignal,
  ): Promise<{ readonly id: string }>;
  /** `started` for 204, `already` for 304; anything else throws and the container must be made anew. */
  startContainer(id: string, signal: AbortSignal): Promise<'started' | 'already'>;
  inspectContainer(idOrName: string, signal: AbortSignal): Promise<ContainerState | undefined>;
  /** Resolves with the exit code when the container has ended; `undefined` when it is gone. */
  waitContainer(id: string, signal: AbortSignal): Promise<number | undefined>;
  killContainer(id: string, name: 'SIGTERM' | 'SIGKILL', signal: AbortSignal): Promise<void>;
  /**
   * With its anonymous volumes. Missing is not an error, and neither is a removal that is under way; a container
   * that must be gone is looked for afterwards.
   */
  removeContainer(idOrName: string, signal: AbortSignal): Promise<void>;
  /**
   * Runs a program in a running container, as the container's user, and waits for its end. `Conflict` when the container
   * does not run. The engine shows the words to everybody who may ask it.
   */
  execute(id: string, argv: readonly string[], signal: AbortSignal): Promise<ExecResult>;
  /**
   * Starts a program with a terminal in a running container, as the container's user. `Conflict` when the container does not
   * run. The signal ends the opening; the connection is the caller's to close, which does not end the program.
   */
  terminal(id: string, program: TerminalProgram, signal: AbortSignal): Promise<EngineTerminal>;
  renameContainer(id: string, name: string, signal: AbortSignal): Promise<void>;
  /** Containers that carry every one of these labels, in any state. */
  listContainers(
    labels: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<readonly ContainerState[]>;

  /** What is at the path in the container's file system, which need not run. Links above it are followed, it is not. */
  statPath(id: string, path: string, signal: AbortSignal): Promise<PathState | undefined>;
  /** A tar of the path. */
  readPath(id: string, path: string, signal: AbortSignal): Promise<Readable | undefined>;

  /** Closes what is open. */
  close(): Promise<void>;
}
