/** Octopus resources as they travel: one schema for type, validation and documentation. */
export * from './artifacts.ts';
export * from './basics.ts';
export * from './channels.ts';
export * from './deployments.ts';
export * from './environments.ts';
export * from './interruptions.ts';
export * from './lifecycles.ts';
export * from './processes.ts';
export * from './projectgroups.ts';
export * from './projects.ts';
export * from './releases.ts';
export * from './runbookruns.ts';
export * from './runbooks.ts';
export * from './spaces.ts';
export * from './tasks.ts';
export * from './users.ts';
export * from './workers.ts';
