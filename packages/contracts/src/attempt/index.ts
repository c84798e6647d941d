/** The attempt: one execution of one action on one worker. Its specification, its events, and the port to a worker. */
export * from './container-policy.ts';
export * from './events.ts';
export * from './services.ts';
export * from './spec.ts';
export * from './terminal.ts';
export * from './worker-connection.ts';
