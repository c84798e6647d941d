/** A server with its data in a folder of its own, and Octopus's TypeScript client for it, signed in as the administrator. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@octopusdeploy/api-client';
import { readConfig, startServer } from '../src/index.ts';

const KEY = 'API-CLIENTTESTCLIENTTEST';

export interface ClientUnderTest extends AsyncDisposable {
  readonly client: Client;
  /** For files of the test; goes with the server. */
  readonly directory: string;
}

export async function clientUnderTest(): Promise<ClientUnderTest> {
  const directory = mkdtempSync(join(tmpdir(), 'argonaut-client-'));
  const environment = { ARGONAUT_DATA: directory, ARGONAUT_PORT: '0', ARGONAUT_LOG_LEVEL: 'silent' };
  const server = await startServer(readConfig({ ...environment, ARGONAUT_ADMIN_API_KEY: KEY }));
  return {
    client: await clientOf(server.address, KEY),
    directory,
    [Symbol.asyncDispose]: async () => {
      await server.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

export function clientOf(address: string, apiKey: string): Promise<Client> {
  return Client.create({ userAgentApp: 'test', instanceURL: address, apiKey });
}
