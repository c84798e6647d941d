/** The `argonaut` command, for programs that build on it. */

export { TerminalDisplay } from './display/terminal-display.ts';
export { exitCodes } from './exit-codes.ts';
export { followTask, type TaskEnd } from './follow/follow.ts';
export { createProgram } from './program.ts';
export { ProcessFile } from './run/process-file.ts';
export { readProcessFile } from './run/read-process-file.ts';
