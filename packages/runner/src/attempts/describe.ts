/** What a worker says about itself, for its health check. */
import { messageOf } from '@argonaut/contracts';
import type { WorkerDescription } from '@argonaut/contracts/attempt';
import type { RunnerOptions } from '../runner-options.ts';
import type { EngineRoom } from './engine-room.ts';
import { freeMemoryBytes } from './memory.ts';

/** Below this much free space steps are likely to fail on a full disk. */
const littleDiskBytes = 1024 ** 3;

export async function describeWorker(
  options: RunnerOptions,
  room: EngineRoom | undefined,
  signal: AbortSignal,
): Promise<WorkerDescription> {
  const { files, processes, dataDirectory } = options;
  const { os, architecture } = await processes.platform(signal);
  const freeDiskBytes = (await files.space(dataDirectory, signal))?.freeBytes;
  const warnings: string[] = [];
  if (freeDiskBytes !== undefined && freeDiskBytes < littleDiskBytes) {
    warnings.push(
      `Only ${Math.round(freeDiskBytes / 1024 ** 2)} MiB are free at ${dataDirectory}; free some space.`,
    );
  }
  const freeMemory = await freeMemoryBytes(files, signal);
  const description = {
    os,
    architecture,
    ...(freeDiskBytes === undefined ? {} : { freeDiskBytes }),
    ...(freeMemory === undefined ? {} : { freeMemoryBytes: freeMemory }),
  };
  if (!room) return { ...description, warnings, engineProblem: 'This worker has no container engine.' };
  try {
    await room.ready(signal);
    const engine = await room.engine.version(signal);
    if (!engine.liveRestore) {
      warnings.push(
        'The engine runs without "live-restore": when it is restarted it ends every step. Put {"live-restore": true} into /etc/docker/daemon.json.',
      );
    }
    const { name, version, apiVersion, liveRestore } = engine;
    return { ...description, warnings, engine: { name, version, apiVersion, liveRestore } };
  } catch (error) {
    signal.throwIfAborted();
    return { ...description, warnings, engineProblem: messageOf(error) };
  }
}
