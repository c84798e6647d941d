/** `argonaut follow <task>`: the log of a task of a server, on this terminal. */
import { kindOf, messageOf } from '@argonaut/contracts';
import type { Command } from 'commander';
import { coloursWanted } from '../display/colours.ts';
import { StandardOutput } from '../display/standard-output.ts';
import { TerminalDisplay } from '../display/terminal-display.ts';
import { exitCodes } from '../exit-codes.ts';
import { accessTo, addServerFlags, type ServerFlags } from '../server-flags.ts';
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
  const interrupted = new AbortController();
  process.once('SIGINT', () => interrupted.abort(new Error('interrupted')));
  let unread: Error | undefined;
  const output = new StandardOutput((error) => {
    unread = error;
    interrupted.abort(error);
  });
  const display = new TerminalDisplay({
    write: output.write,
    colours: coloursWanted(),
    verbose: flags.verbose === true,
  });
  const began = Date.now();
  try {
    const end = await followTask(
      { ...accessTo(flags), task, signal: interrupted.signal, caughtUp: output.caughtUp },
      display,
    );
    display.end(end.state, end.errorMessage, Date.now() - began);
    return exitCodeOfState(end.state);
  } catch (error) {
    if (unread !== undefined) return exitCodes.unread;
    if (interrupted.signal.aborted) return exitCodes.detached;
    process.stderr.write(`${messageOf(error)}\n`);
    if (kindOf(error) === 'NotFound') return exitCodes.notFound;
    return kindOf(error) === 'Invalid' ? exitCodes.usage : exitCodes.infrastructureFailed;
  }
}

function exitCodeOfState(state: string): number {
  if (state === 'Success') return exitCodes.success;
  return state === 'Canceled' ? exitCodes.cancelled : exitCodes.scriptFailed;
}
