/** Which server a command talks to, and with whose key. */
import { Secret } from '@argonaut/contracts';
import type { Command } from 'commander';

export interface ServerFlags {
  readonly server: string;
  readonly apiKey?: string;
}

export function addServerFlags(command: Command): Command {
  return command
    .option('--server <url>', 'where the server is', process.env.OCTOPUS_URL ?? 'http://127.0.0.1:8080')
    .option('--api-key <key>', 'an API key; better given as OCTOPUS_API_KEY, where no process list shows it');
}

/** Undefined, with a line on stderr, when there is none. */
export function apiKeyOf({ apiKey }: ServerFlags): Secret | undefined {
  const key = apiKey ?? process.env.OCTOPUS_API_KEY;
  if (key !== undefined && key !== '') return new Secret(key);
  process.stderr.write('An API key is needed: set OCTOPUS_API_KEY.\n');
  return undefined;
}
