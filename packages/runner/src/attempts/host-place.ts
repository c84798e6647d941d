/**
 * An attempt as a plain process of the host, under argonaut-init in a session of its own: it survives us. There is no
 * second witness for its exit code; what it leaves behind is found by a mark in its environment.
 */
import { basename } from 'node:path';
import { Invalid, NotFound } from '@argonaut/contracts';
import type { AttemptSpec } from '@argonaut/contracts/attempt';
import { runArguments } from '@argonaut/init';
import { crashPoint } from '../crash-point.ts';
import type { Clock } from '../ports/clock.ts';
import type { Files } from '../ports/files.ts';
import type { JournalEntry } from '../ports/journal.ts';
import type { Processes } from '../ports/processes.ts';
import { installInit } from './engine-room.ts';
import type { Witness } from './outcome.ts';
import type { AttemptPlace, StagedPlace, Timings } from './place.ts';
import type { ProgramSurroundings } from './program.ts';
import { StagingDirectory } from './staging-directory.ts';

export interface HostAttemptsOptions {
  readonly files: Files;
  readonly processes: Processes;
  readonly clock: Clock;
  readonly dataDirectory: string;
  /** A tmpfs, for the late files: they never lie on a disk. */
  readonly memoryDirectory: string;
  /** What a program inherits: PATH, HOME and the like, never the server's own settings. */
  readonly environment: Readonly<Record<string, string>>;
}

const pollMs = 200;
const readBytes = 256 * 1024;

export class HostAttempts implements AttemptPlace {
  readonly knowsExitCode = false;
  readonly #options: HostAttemptsOptions;

  constructor(options: HostAttemptsOptions) {
    this.#options = options;
  }

  async start(
    spec: AttemptSpec,
    directory: StagingDirectory,
    note: (made: StagedPlace) => void,
    timings: Timings,
    signal: AbortSignal,
  ): Promise<void> {
    const { files, processes, clock, dataDirectory, environment } = this.#options;
    const { os, architecture } = await processes.platform(signal);
    if (os !== 'linux' || (architecture !== 'amd64' && architecture !== 'arm64')) {
      throw new Invalid(`Steps run on Linux on amd64 or arm64; this worker is ${os} on ${architecture}.`);
    }
    if (spec.interpreters.length > 0) {
      const interpreter = await processes.findProgram(spec.interpreters, signal);
      if (interpreter === undefined) {
        throw new Invalid(
          `The worker has no ${spec.interpreters.join(' or ')}. Install it, choose another script syntax (Sh is any POSIX shell), or run the step in a container image that has it.`,
        );
      }
      note({ interpreter });
    }
    const before = clock.monotonic();
    const init = await installInit(files, dataDirectory, architecture, signal);
    const process = await processes.spawn(
      {
        argv: [
          init,
          ...runArguments({
            directory: directory.attempt,
            files: this.#lateFiles(directory),
            gateMs: spec.gateDeadlineMs,
            attempt: spec.attempt,
          }),
        ],
        environment,
        cwd: directory.work,
      },
      signal,
    );
    note({ process });
    crashPoint('stage.after-start');
    timings.start = Math.round((clock.monotonic() - before) * 100) / 100;
  }

  work(directory: StagingDirectory): string {
    return directory.work;
  }

  #lateFiles(directory: StagingDirectory): string {
    return `${this.#options.memoryDirectory}/argonaut-${basename(directory.root)}`;
  }

  async startFailure(staged: StagedPlace, signal: AbortSignal): Promise<string | undefined> {
    if (staged.process && (await this.#options.processes.isAlive(staged.process, signal))) return undefined;
    return "argonaut-init ended before it made its gate. The worker's data directory is mounted noexec, or is full";
  }

  async surroundings(entry: JournalEntry): Promise<ProgramSurroundings> {
    const directory = new StagingDirectory(entry.directory);
    return {
      ...(entry.interpreter === undefined ? {} : { interpreter: entry.interpreter }),
      files: this.#lateFiles(directory),
      work: directory.work,
      entrypoint: [],
      cmd: [],
    };
  }

  async ended(entry: JournalEntry, signal: AbortSignal): Promise<Witness> {
    const { processes, clock } = this.#options;
    while (entry.process && (await processes.isAlive(entry.process, signal)))
      await clock.sleep(pollMs, signal);
    const left = await processes.findByAttempt(entry.spec.attempt, signal);
    return { kind: 'process', leftBehind: left.length };
  }

  async kill(entry: JournalEntry, name: 'SIGTERM' | 'SIGKILL', signal: AbortSignal): Promise<void> {
    const { processes } = this.#options;
    if (entry.process) await processes.kill(entry.process, name, signal);
    if (name === 'SIGTERM') return;
    for (const identity of await processes.findByAttempt(entry.spec.attempt, signal)) {
      await processes.kill(identity, name, signal);
    }
  }

  /** What `linger` let live goes on living, with init as the reader of its pipes. */
  async remove(entry: JournalEntry, signal: AbortSignal): Promise<void> {
    const lingers = entry.spec.leftovers === 'linger' && entry.outcome?.result === 'Succeeded';
    if (!lingers) await this.kill(entry, 'SIGKILL', signal);
    await this.#options.files.remove(this.#lateFiles(new StagingDirectory(entry.directory)), signal);
  }

  /** The program ran as the worker's user: it could read no more than we can. */
  async *read(entry: JournalEntry, path: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    if (path === '' || path.includes('\0'))
      throw new Invalid(`${JSON.stringify(path)} is not the path of a file.`);
    const absolute = path.startsWith('/') ? path : `${new StagingDirectory(entry.directory).work}/${path}`;
    await using file = await this.#options.files.openFile(absolute, signal);
    if (!file) throw new NotFound(`There is no file ${path} on the worker.`);
    for (let offset = 0; ; ) {
      const bytes = await file.read(offset, readBytes, signal);
      if (bytes.length === 0) return;
      offset += bytes.length;
      yield bytes;
    }
  }
}
