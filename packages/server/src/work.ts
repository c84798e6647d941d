/** What the server does by itself: it takes tasks from the queue and runs them. Every folder that starts tasks is here. */
import { messageOf } from '@argonaut/contracts';
import { artifactStore } from './artifacts/index.ts';
import { imageDirectory } from './connections/images.ts';
import { BUILT_IN_WORKER, createWorkerDirectory } from './connections/index.ts';
import { packageDirectory } from './connections/packages.ts';
import { deploymentTask } from './deployments/index.ts';
import { runbookRunTask } from './runbooks/runs/index.ts';
import type { Services } from './services.ts';
import { sweepDaily } from './sweep.ts';
import type { TaskKind } from './tasks/index.ts';
import { Dispatcher } from './tasks/queue/dispatcher.ts';
import type { SharedPorts } from './tasks/queue/running-task.ts';
import { healthTask, ImageCleaner, pullImagesTask } from './workers/index.ts';
import { containerOptionsPolicy } from './workers/pools/container-options.ts';

const KINDS: readonly TaskKind[] = [deploymentTask, runbookRunTask, healthTask, pullImagesTask];

/** Begins at once; `stop` gives up what is being worked on, and leaves steps running. */
export function startWork(services: Services, ports: Partial<SharedPorts> = {}): Dispatcher {
  const dispatcher = new Dispatcher(services, KINDS, {
    workers: new ImageCleaner(services).watching(createWorkerDirectory(services, services.connections)),
    images: imageDirectory(services),
    packages: packageDirectory(services),
    artifacts: artifactStore(services),
    containerOptions: containerOptionsPolicy(services),
    ...ports,
  });
  dispatcher.start();
  // The first step shall not wait for it, and what a dead process left on this machine shall not wait for a step.
  if (ports.workers !== undefined) return dispatcher;
  void sweepDaily(services);
  services.connections
    .to(BUILT_IN_WORKER.id, services.stopping)
    .catch((error) => services.log.warn({ error: messageOf(error) }, 'built-in worker'));
  return dispatcher;
}
