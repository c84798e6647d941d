/** `argonaut run`: one process file, from its text to its exit code. */

import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Invalid, kindOf, messageOf, NotFound } from '@argonaut/contracts';
import { initialState, type Plan, plan } from '@argonaut/orchestrator';
import { type ExecutionPorts, makeDataDirectory, TaskExecution } from '@argonaut/server/execution';
import { readFrames } from '@argonaut/server/tasklog';
import { RunLines } from '../display/lines-of-run.ts';
import { TerminalDisplay } from '../display/terminal-display.ts';
import { exitCodeOf, exitCodes } from '../exit-codes.ts';
import { ownMachineOptions } from './container-options.ts';
import { fileArtifacts } from './file-artifacts.ts';
import { JsonDisplay } from './json-display.ts';
import { createLocalWorker, LOCAL_POOL, onlyWorker, putAway } from './local-worker.ts';
import type { ProcessFile } from './process-file.ts';
import { readProcessFile } from './read-process-file.ts';
import { dataDirectory, RunDirectory } from './run-directory.ts';
import { badlyHidden, runVariables } from './run-variables.ts';
import { toProcess } from './to-process.ts';

export interface RunOptions {
  /** The process file; absent when a run is resumed. */
  readonly file?: string;
  /** True: the newest unfinished run; a text: that run. */
  readonly resume?: string | true;
  readonly json?: boolean;
  readonly verbose?: boolean;
}

export interface RunSurroundings {
  readonly environment: NodeJS.ProcessEnv;
  readonly write: (text: string) => void;
  readonly complain: (text: string) => void;
  readonly colours: boolean;
  /** Calls back for every interrupt of the user; returns how to stop listening. */
  readonly onInterrupt: (listener: () => void) => () => void;
}

/** Resolves with the exit code. */
export async function run(options: RunOptions, around: RunSurroundings): Promise<number> {
  try {
    if (options.file === undefined && options.resume === undefined)
      throw new Invalid('Name a process file, or use --resume.');
    if (options.file !== undefined && options.resume !== undefined)
      throw new Invalid(
        `Name either a process file (${options.file}) or a run to resume (--resume), not both: a run keeps the file that it began with.`,
      );
    const data = dataDirectory(around.environment);
    await makeDataDirectory(data);
    const directory = new RunDirectory(data);
    await using _store = directory.store;
    if (options.file === undefined) {
      const id = typeof options.resume === 'string' ? options.resume : await directory.newestUnfinished();
      return await follow(id, await directory.readFile(id), {
        directory,
        data,
        options,
        around,
        resumed: true,
      });
    }
    const file = readProcessFile(await readText(options.file), options.file);
    const id = await begin(file, options.file, directory, around);
    return await follow(id, file, { directory, data, options, around, resumed: false });
  } catch (error) {
    around.complain(`${messageOf(error)}\n`);
    return codeOfError(error);
  }
}

function codeOfError(error: unknown): number {
  switch (kindOf(error)) {
    case 'Invalid':
      return exitCodes.usage;
    case 'NotFound':
      return exitCodes.notFound;
    case 'Conflict':
      return exitCodes.conflict;
    case 'InfrastructureFailure':
    case 'Unavailable':
    case 'TimedOut':
      return exitCodes.infrastructureFailed;
    default:
      return exitCodes.error;
  }
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new NotFound(`The process file ${path} cannot be read: ${messageOf(error)}`, { cause: error });
  }
}

/** Plans and stores the run; nothing has started yet. */
async function begin(
  file: ProcessFile,
  path: string,
  directory: RunDirectory,
  { environment, complain }: RunSurroundings,
): Promise<string> {
  const variables = runVariables(file.variables, environment);
  for (const warning of badlyHidden(file.variables, environment)) complain(`${warning}\n`);
  const stamp = new Date().toISOString().replaceAll(/[-:]/g, '').slice(0, 15).toLowerCase();
  const id = `run-${stamp.replace('t', '-')}-${randomBytes(3).toString('hex')}`;
  const made: Plan = plan({
    task: id,
    title: file.name ?? path,
    server: id,
    attemptPrefix: id,
    process: toProcess(file),
    defaultPool: LOCAL_POOL,
    scope: { variables: (action, step) => variables.of(action, step).values, nowMs: Date.now() },
  });
  await directory.store.create(made, initialState(made));
  await directory.keepFile(id, file);
  return id;
}

interface Following {
  readonly directory: RunDirectory;
  readonly data: string;
  readonly options: RunOptions;
  readonly around: RunSurroundings;
  readonly resumed: boolean;
}

async function follow(id: string, file: ProcessFile, following: Following): Promise<number> {
  const { directory, data, options, around, resumed } = following;
  const { environment, write } = around;
  const began = Date.now();
  await directory.own(id);
  const json = options.json === true ? new JsonDisplay(write) : undefined;
  const terminal = new TerminalDisplay({ write, colours: around.colours, verbose: options.verbose === true });
  const lines = new RunLines(json ?? terminal);
  json?.begin(id, file.name ?? '', resumed);
  if (json === undefined) terminal.note(`${resumed ? 'Resuming' : 'Run'} ${id}`);
  if (resumed) await replay(id, directory, lines);

  const onProblem = (message: string): void => {
    if (options.verbose === true) around.complain(`${message}\n`);
  };
  const runner = await createLocalWorker({
    run: id,
    directory,
    data,
    environment,
    engine: engineNeeds(file),
    onProblem,
  });
  const variables = runVariables(file.variables, environment);
  const ports: ExecutionPorts = {
    store: directory.store,
    workers: onlyWorker(runner),
    images: {
      request: async ({ reference, pull, build }) => ({
        reference,
        policy: pull ?? 'if-not-present',
        ...(build === undefined ? {} : { build: { ...build, credentials: [] } }),
      }),
    },
    variables: { load: async () => variables },
    artifacts: fileArtifacts(directory.path(id, 'artifacts')),
    containerOptions: ownMachineOptions(process.cwd()),
    observer: { onFrames: (frames) => frames.forEach((frame) => void lines.push(frame)) },
    now: Date.now,
  };
  const execution = await TaskExecution.claim(id, ports);
  const detach = new AbortController();
  let interrupts = 0;
  const stopListening = around.onInterrupt(() => {
    interrupts += 1;
    if (interrupts > 1) {
      detach.abort(new Error('Interrupted twice.'));
      return;
    }
    around.complain('Cancelling. Interrupt again to leave it running.\n');
    execution.cancel(`interrupt-${process.pid}-${interrupts}`).catch(() => {});
  });
  try {
    const completion = await execution.run(detach.signal);
    if (completion === 'stopped') {
      around.complain(`Left running. Follow it again with: argonaut run --resume ${id}\n`);
      return exitCodes.detached;
    }
    const code = exitCodeOf(completion, execution.state);
    const took = Date.now() - began;
    if (json !== undefined) json.end(id, completion.result, completion.errorMessage, code, took);
    else terminal.end(completion.result, completion.errorMessage, took);
    // The last containers are removed while the result can be read already.
    await putAway(runner, onProblem);
    await directory.tidy(id);
    return code;
  } finally {
    stopListening();
  }
}

function engineNeeds({ steps }: ProcessFile): 'none' | 'containers' | 'lanes' {
  const contained = steps.filter(({ image, build }) => image !== undefined || build !== undefined);
  if (contained.length === 0) return 'none';
  return contained.some(({ network = 'lane' }) => network === 'lane') ? 'lanes' : 'containers';
}

/** What was stored before, from the first line on, so that a resumed run shows everything. */
async function replay(id: string, directory: RunDirectory, lines: RunLines): Promise<void> {
  await using log = await directory.store.log(id);
  if (log === undefined) return;
  for await (const { frame } of readFrames(log)) lines.push(frame);
}
