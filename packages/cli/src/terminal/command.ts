/** `argonaut terminal <task>`: a shell in the container of a step that runs or is held after its failure. */
import type { Readable, Writable } from 'node:stream';
import { kindOf, messageOf } from '@argonaut/contracts';
import type { Command } from 'commander';
import { exitCodes } from '../exit-codes.ts';
import { accessTo, addServerFlags, type ServerFlags } from '../server-flags.ts';
import { openTerminal } from './terminal.ts';

interface TerminalFlags extends ServerFlags {
  readonly step?: string;
  readonly shell?: string;
}

export function addTerminalCommand(program: Command): void {
  addServerFlags(
    program
      .command('terminal')
      .description(
        "Open a shell in a step's container, while it runs or is held; ends with the shell's exit code",
      )
      .argument('<task>', 'the id of the task, such as ServerTasks-12')
      .option('--step <step>', 'number or name of the step, where several could be meant')
      .option('--shell <program>', 'a program of the container; otherwise bash, else sh'),
  ).action(async (task: string, flags: TerminalFlags) => {
    process.exitCode = await terminal(task, flags);
    // Whatever still waits for a key is not wanted any more.
    process.stdin.destroy();
  });
}

async function terminal(task: string, flags: TerminalFlags): Promise<number> {
  const { step, shell } = flags;
  using keyboard = rawKeyboard();
  try {
    const code = await openTerminal(
      {
        ...accessTo(flags),
        task,
        ...(step === undefined ? {} : { step }),
        ...(shell === undefined ? {} : { shell }),
      },
      {
        input: process.stdin as Readable,
        output: process.stdout as Writable,
        term: process.env.TERM ?? 'xterm-256color',
        size: () => ({ columns: process.stdout.columns ?? 80, rows: process.stdout.rows ?? 24 }),
        onResize: (listener) => process.stdout.on('resize', listener),
        tell: (line) => process.stderr.write(`${line}${keyboard.isRaw ? '\r\n' : '\n'}`),
      },
    );
    return code ?? exitCodes.infrastructureFailed;
  } catch (error) {
    process.stderr.write(`${messageOf(error)}${keyboard.isRaw ? '\r\n' : '\n'}`);
    if (kindOf(error) === 'NotFound') return exitCodes.notFound;
    return kindOf(error) === 'Invalid' ? exitCodes.usage : exitCodes.infrastructureFailed;
  }
}

/** Every key goes to the container, also Ctrl-C; the terminal is itself again afterwards. */
function rawKeyboard(): Disposable & { readonly isRaw: boolean } {
  const { stdin } = process;
  const isRaw = stdin.isTTY === true;
  if (isRaw) stdin.setRawMode(true);
  return {
    isRaw,
    [Symbol.dispose]: () => {
      if (isRaw) stdin.setRawMode(false);
    },
  };
}
