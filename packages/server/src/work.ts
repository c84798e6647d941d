/** What the server does by itself: it takes tasks from the queue and runs them. Every folder that starts tasks is here. */
import { artifactStore } from './artifacts/index.ts';
import { imageDirectory } from './connections/images.ts';
import { createWorkerDirectory } from './connections/index.ts';
import { deploymentTask } from './deployments/index.ts';
import type { Services } from './services.ts';
import type { TaskKind } from './tasks/index.ts';
import { Dispatcher } from './tasks/queue/dispatcher.ts';
import type { SharedPorts } from './tasks/queue/running-task.ts';
import { healthTask } from './workers/index.ts';

const KINDS: readonly TaskKind[] = [deploymentTask, healthTask];

/** Begins at once; `stop` gives up what is being worked on, and leaves steps running. */
export function startWork(services: Services, ports: Partial<SharedPorts> = {}): Dispatcher {
  const dispatcher = new Dispatcher(services, KINDS, {
    workers: createWorkerDirectory(services),
    images: imageDirectory(services),
    artifacts: artifactStore(services),
    ...ports,
  });
  dispatcher.start();
  return dispatcher;
}
