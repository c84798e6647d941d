/** The `run` command's words, and the process's own signals and streams. */
import type { Command } from 'commander';
import { coloursWanted } from '../display/colours.ts';
import { StandardOutput } from '../display/standard-output.ts';
import { run } from './run.ts';

const HELP = `
Each step runs in a container of its image, or directly on this machine when it has none. Exit codes: 0 success,
2 wrong arguments or process file, 3 not found, 5 the run belongs to another process, 10 a program failed, 11 the engine,
an image or the machine failed, 12 cancelled, 14 nobody can tell how a step ended, 130 left running.

Interrupt once to cancel, twice to leave the run going. A run whose process was killed goes on, too: resume it, and you
get every line. Runs are kept in ARGONAUT_DATA (default ~/.local/share/argonaut).`;

export function addRunCommand(program: Command): void {
  program
    .command('run')
    .description('Run the steps of a process file on the local container engine')
    .argument('[file]', 'process file (YAML)')
    .option('--resume [run]', 'follow an unfinished run, the newest when none is named')
    .option('--json', 'one JSON object a line')
    .option('-v, --verbose', 'show verbose lines')
    .addHelpText('after', HELP)
    .action(
      async (file: string | undefined, options: { resume?: string | true; json?: true; verbose?: true }) => {
        const complain = (text: string): void => void process.stderr.write(text);
        const output = new StandardOutput(({ message }) =>
          complain(
            `The output is read by nobody any more (${message}). The run goes on, and its log is kept.\n`,
          ),
        );
        process.exitCode = await run(
          { ...options, ...(file === undefined ? {} : { file }) },
          {
            environment: process.env,
            write: output.write,
            complain,
            colours: coloursWanted(),
            onInterrupt(listener) {
              process.on('SIGINT', listener);
              process.on('SIGTERM', listener);
              return () => {
                process.off('SIGINT', listener);
                process.off('SIGTERM', listener);
              };
            },
          },
        );
      },
    );
}
