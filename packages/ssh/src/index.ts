/** A worker behind SSH: the runner's `Files` and `Processes` and the engine's socket over one connection. */
export { connectSsh, type SshWorker } from './connect.ts';
export { discoverHostKey, type ShownHostKey } from './discover.ts';
export { faultOf, type SshFault } from './errors.ts';
export type { WorkerFacts } from './facts.ts';
export { checkFingerprint } from './host-key.ts';
export { checkPrivateKey } from './login.ts';
export type { SshAuthentication, SshOptions } from './options.ts';
