/** The `argonaut` command: a thin front; each subcommand lives in a folder of its own. */
import { Command } from 'commander';
import { addRunCommand } from './run/command.ts';

export function createProgram(): Command {
  const program = new Command('argonaut').description('Deployments whose steps live in containers');
  addRunCommand(program);
  return program;
}
