/** How the server reaches workers: one connection per worker, made when it is first needed and then kept. */
export { BUILT_IN_WORKER, type Connections, KeptConnections } from './connections.ts';
export type { Connector } from './connector.ts';
export { createWorkerDirectory } from './directory.ts';
