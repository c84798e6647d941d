/** `argonaut follow <task>`: the log of a task of a server, on this terminal. */
import { kindOf, messageOf } from '@argonaut/contracts';
import type { Command } from 'commander';
import { coloursWanted } from '../display/colours.ts';
import { TerminalDisplay } from '../display/terminal-display.ts';
import { exitCodes } from '../exit-codes.ts';
import { addServerFlags, apiKeyOf, type ServerFlags } from '../server-flags.ts';
import { followTask } from './follow.ts';

interface FollowFlags extends ServerFlags {
  readonly verbose?: boolean;
}

export function addFollowCommand(program: Command): void {
  addServerFlags(
    program
      .command('follow')
      .description("Show a task's log while it is written; the exit code tells how the task ended")
      .argument('<task>', 'the id of the task, such as ServerTasks-12'),
  )
    .option('--verbose', 'show verbose lines too')
    .action(async (task: string, flags: FollowFlags) => {
      process.exitCode = await follow(task, flags);
    });
}

async function follow(task: string, flags: FollowFlags): Promise<number> {
  const { server, verbose } = flags;
  const apiKey = apiKeyOf(flags);
  if (apiKey === undefined) return exitCodes.usage;
  const interrupted = new AbortController();
  process.once('SIGINT', () => interrupted.abort(new Error('interrupted')));
  const display = new TerminalDisplay({
    write: (text) => process.stdout.write(text),
    colours: coloursWanted(),
    verbose: verbose === true,
  });
  const began = Date.now();
  try {
    const end = await followTask({ server, apiKey, task, signal: interrupted.signal }, display);
    display.end(end.state, end.errorMessage, Date.now() - began);
    return exitCodeOfState(end.state);
  } catch (error) {
    if (interrupted.signal.aborted) return exitCodes.detached;
    process.stderr.write(`${messageOf(error)}\n`);
    return kindOf(error) === 'NotFound' ? exitCodes.notFound : exitCodes.infrastructureFailed;
  }
}

function exitCodeOfState(state: string): number {
  if (state === 'Success') return exitCodes.success;
  return state === 'Canceled' ? exitCodes.cancelled : exitCodes.scriptFailed;
}
