/** The runner's ports on this machine. */
export { systemClock } from './clock.ts';
export { createLocalFiles } from './files.ts';
export { createLocalProcesses } from './processes.ts';
