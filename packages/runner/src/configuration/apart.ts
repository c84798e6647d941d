/**
 * Large files of a step are worked on in a thread of their own. What a package holds is not ours: a file may take seconds to
 * read as YAML, or more memory than there is. Here it takes nothing from the other tasks of the process, and it is ended
 * when it takes too long. One step after the other has such a thread, so that all together take no more than one may.
 */
import { Worker } from 'node:worker_threads';
import { messageOf } from '@argonaut/contracts';
import type { FileConfiguration } from '@argonaut/contracts/attempt';
import { orAborted } from '../or-aborted.ts';
import { type FileResult, type FileWork, resultOf } from './step-work.ts';

export interface Bounds {
  /** For all files of the step together; reading and writing them, and waiting for other steps, not counted. */
  readonly workMs: number;
  readonly memoryMegabytes: number;
}

/** Measured: a megabyte of JSON took up to 0.4 s to read, one of YAML up to 6 s. */
export const BOUNDS: Bounds = { workMs: 60_000, memoryMegabytes: 512 };

/** Settled when every step that has a thread, or waits for one, has ended. */
let allBefore: Promise<void> = Promise.resolve();

export class WorkApart implements AsyncDisposable {
  readonly #configuration: FileConfiguration;
  readonly #bounds: Bounds;
  #thread: Worker | undefined;
  #leftMs: number;
  #end: () => void = () => {};

  constructor(configuration: FileConfiguration, bounds = BOUNDS) {
    this.#configuration = configuration;
    this.#bounds = bounds;
    this.#leftMs = bounds.workMs;
  }

  async #start(signal: AbortSignal): Promise<Worker> {
    if (this.#thread !== undefined) return this.#thread;
    const before = allBefore;
    const own = Promise.withResolvers<void>();
    this.#end = own.resolve;
    allBefore = before.then(() => own.promise);
    await orAborted(before, signal);
    this.#thread = new Worker(new URL('./thread.ts', import.meta.url), {
      workerData: this.#configuration,
      // Nothing of this process but the files and their values.
      env: {},
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: this.#bounds.memoryMegabytes },
    });
    // It may still fail when nobody waits for its answer any more.
    this.#thread.on('error', () => {});
    return this.#thread;
  }

  /** @throws ConfigurationFault naming the file; the signal's reason */
  async file(path: string, bytes: Uint8Array, signal: AbortSignal): Promise<FileResult> {
    const thread = await this.#start(signal);
    signal.throwIfAborted();
    const began = performance.now();
    const answer = Promise.withResolvers<FileWork>();
    const fail = (why: string): void => answer.resolve({ fault: `${path}: ${why}` });
    const timer = setTimeout(
      () =>
        fail(
          `it was not done after ${this.#bounds.workMs / 1000} s, which is what all files of a step may take together. Name fewer or smaller files.`,
        ),
      this.#leftMs,
    );
    const onError = (error: Error): void =>
      fail(
        'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY'
          ? `it needs more than ${this.#bounds.memoryMegabytes} MB of memory. Make it smaller, or use templates in the file instead (substitute variables in files).`
          : messageOf(error),
      );
    const onAbort = (): void => answer.reject(signal.reason);
    thread.once('message', answer.resolve).once('error', onError);
    signal.addEventListener('abort', onAbort);
    try {
      thread.postMessage({ path, bytes });
      return resultOf(await answer.promise);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      thread.off('message', answer.resolve).off('error', onError);
      this.#leftMs = Math.max(1, this.#leftMs - (performance.now() - began));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#thread?.terminate();
    this.#end();
  }
}
