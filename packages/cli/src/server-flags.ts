/** Which server a command talks to, and with whose key. */
import { Invalid, Secret } from '@argonaut/contracts';
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

export interface ServerAccess {
  /** `http://127.0.0.1:8080`. */
  readonly server: string;
  readonly apiKey: Secret;
}

/** @throws Invalid for what cannot be the address of a server, or a key. */
export function accessTo({ server, apiKey }: ServerFlags): ServerAccess {
  const protocol = URL.parse(server)?.protocol;
  if (protocol !== 'http:' && protocol !== 'https:') {
    throw new Invalid(
      `"${server}" is not the address of a server. Give it with --server or in OCTOPUS_URL, with http:// or https:// before it, such as http://127.0.0.1:8080.`,
    );
  }
  const key = (apiKey ?? process.env.OCTOPUS_API_KEY ?? '').trim();
  if (key === '') throw new Invalid('An API key is needed: set OCTOPUS_API_KEY.');
  // What sends it would name the whole of a key with other characters in its complaint.
  if (!/^[\x21-\x7e]+$/.test(key)) {
    throw new Invalid('The API key has blanks or other characters that no key has. Copy it again.');
  }
  return { server, apiKey: new Secret(key) };
}
