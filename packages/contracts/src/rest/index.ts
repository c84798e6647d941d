/** Octopus resources as they travel: one schema for type, validation and documentation. */
export * from './basics.ts';
export * from './environments.ts';
export * from './lifecycles.ts';
export * from './projectgroups.ts';
export * from './spaces.ts';
export * from './users.ts';
