/** What runs in the thread of `apart.ts`: one file after the other, each answered before the next comes. */
import { parentPort, workerData } from 'node:worker_threads';
import type { FileConfiguration } from '@argonaut/contracts/attempt';
import { StepWork } from './step-work.ts';

const work = new StepWork(workerData as FileConfiguration);

parentPort?.on('message', ({ path, bytes }: { readonly path: string; readonly bytes: Uint8Array }) => {
  parentPort?.postMessage(work.file(path, bytes));
});
