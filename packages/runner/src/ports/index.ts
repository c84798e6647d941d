/** What the runner stands on, without knowing whether it is on this machine or behind SSH. */
export type * from './clock.ts';
export type * from './engine.ts';
export type * from './files.ts';
export type * from './journal.ts';
export type * from './processes.ts';
