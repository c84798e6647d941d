/** How the server reaches workers: one connection per worker, made when it is first needed and then kept. */
export { BUILT_IN_WORKER, Connections, type Connector } from './connections.ts';
export { createWorkerDirectory } from './directory.ts';
