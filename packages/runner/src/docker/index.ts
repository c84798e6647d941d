/** The container engine over Docker's Engine API. */
export { type EngineEndpoint, endpointFromDockerHost } from './endpoint.ts';
export { createDockerEngine } from './engine.ts';
export { engineMessageOf, isConnectionError, statusOf } from './errors.ts';
