/** The `argonaut` command, for programs that build on it. */
export { createProgram } from './program.ts';
export { exitCodes } from './run/exit-codes.ts';
export { ProcessFile } from './run/process-file.ts';
export { readProcessFile } from './run/read-process-file.ts';
