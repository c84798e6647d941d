/** `argonaut server`: one server process, from its first line on the terminal to the last signal. */
import { messageOf, type Secret } from '@argonaut/contracts';
import { type RunningServer, readConfig, startServer } from '@argonaut/server';
import type { Command } from 'commander';
import { collectStartupGarbage } from './startup-garbage.ts';

/** The settings cannot be used, or the server cannot start with them. */
const EXIT_CANNOT_START = 1;

export function addServerCommand(program: Command): void {
  program
    .command('server')
    .description('Run the deployment server (settings come from ARGONAUT_… variables)')
    .action(serve);
}

async function serve(): Promise<void> {
  let server: RunningServer;
  try {
    server = await startServer(readConfig(process.env), showKey);
  } catch (error) {
    process.stderr.write(`argonaut: ${messageOf(error)}\n`);
    process.exitCode = EXIT_CANNOT_START;
    return;
  }
  announce(server);
  collectStartupGarbage();
  await signalled();
  await server.stop();
}

/** On stderr: stdout carries the server's log, for whoever collects it. */
function announce({ address }: RunningServer): void {
  process.stderr.write(`Argonaut listens on ${address}\n`);
}

function showKey(key: Secret): void {
  process.stderr.write(
    `API key of the administrator: ${key.reveal()}\n` +
      'It is shown this once and stored nowhere. Put it into ARGONAUT_ADMIN_API_KEY to choose your own next time.\n',
  );
}

/** The first signal stops the server in order; steps go on, and the next start picks them up. A second one ends it at once. */
function signalled(): Promise<void> {
  return new Promise((resolve) => {
    for (const name of ['SIGTERM', 'SIGINT'] as const) {
      process.once(name, () => {
        process.once(name, () => process.exit(128 + (name === 'SIGINT' ? 2 : 15)));
        resolve();
      });
    }
  });
}
