/** The `argonaut` command: a thin front; each subcommand lives in a folder of its own and is loaded when it is called. */
import { Command } from 'commander';
import { exitCodes } from './exit-codes.ts';

/** What `argonaut` can do. Loading all of it for each call would cost the quick ones what only the server needs. */
const SUBCOMMANDS: Readonly<Record<string, (program: Command) => Promise<void>>> = {
  follow: async (program) => (await import('./follow/command.ts')).addFollowCommand(program),
  'rotate-master-key': async (program) =>
    (await import('./rotate-master-key/command.ts')).addRotateMasterKeyCommand(program),
  run: async (program) => (await import('./run/command.ts')).addRunCommand(program),
  server: async (program) => (await import('./server/command.ts')).addServerCommand(program),
  terminal: async (program) => (await import('./terminal/command.ts')).addTerminalCommand(program),
};

/** `argv` as in `process.argv`; without a known subcommand all of them are declared, for the help. */
export async function createProgram(argv: readonly string[]): Promise<Command> {
  const program = new Command('argonaut').description('Deployments whose steps live in containers');
  // Commander's own code for wrong arguments is 1, which is the one of defects here. Its commands take this over.
  program.exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? exitCodes.success : exitCodes.usage));
  const wanted = SUBCOMMANDS[argv[2] ?? ''];
  for (const add of wanted ? [wanted] : Object.values(SUBCOMMANDS)) await add(program);
  return program;
}
