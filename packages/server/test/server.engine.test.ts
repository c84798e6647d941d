/** The server on a real PostgreSQL: the same API, and two servers that share one installation. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, EnvironmentRepository, resolveSpaceId } from '@octopusdeploy/api-client';
import { describe, expect, it } from 'vitest';
import { freshDatabase } from '../../../test/services.ts';
import { type RunningServer, readConfig, startServer } from '../src/index.ts';

const KEY = 'API-POSTGRESPOSTGRES1';

/** Two servers of one installation: one database, one master key, a data directory each. */
async function twoServers() {
  const { url } = await freshDatabase();
  const directories = [1, 2].map(() => mkdtempSync(join(tmpdir(), 'argonaut-postgres-')));
  const start = (dataDirectory: string): Promise<RunningServer> =>
    startServer(
      readConfig({
        ARGONAUT_DATA: dataDirectory,
        ARGONAUT_PORT: '0',
        ARGONAUT_LOG_LEVEL: 'silent',
        ARGONAUT_ADMIN_API_KEY: KEY,
        ARGONAUT_MASTER_KEY: '07'.repeat(32),
        ARGONAUT_DATABASE_URL: url,
      }),
    );
  const servers = await Promise.all(directories.map(start));
  const post = (
    server: RunningServer | undefined,
    path: string,
    body: object,
    headers: Record<string, string> = {},
  ) =>
    fetch(`${server?.address}${path}`, {
      method: 'POST',
      headers: { 'X-Octopus-ApiKey': KEY, 'Content-Type': 'application/json', ...headers },
      body: JSON.stringify(body),
    }).then(async (response) => ({ status: response.status, body: await response.json() }));
  return {
    servers,
    post,
    [Symbol.asyncDispose]: async () => {
      await Promise.all(servers.map((server) => server.stop()));
      for (const directory of directories) rmSync(directory, { recursive: true, force: true });
    },
  };
}

describe('the server on PostgreSQL', () => {
  it('serves the client, and what one server wrote the other one reads', async () => {
    await using both = await twoServers();
    const [first, second] = await Promise.all(
      both.servers.map((server) =>
        Client.create({ userAgentApp: 'test', instanceURL: server.address, apiKey: KEY }),
      ),
    );
    if (!first || !second) throw new Error('both clients are needed');
    expect(await resolveSpaceId(second, 'Default')).toBe('Spaces-1');
    const made = await new EnvironmentRepository(first, 'Default').create({ Name: 'Live' } as never);
    expect(await new EnvironmentRepository(second, 'Default').get(made.Id)).toEqual(made);
  });

  it('makes one administrator and one default space, although two servers start at once', async () => {
    await using both = await twoServers();
    const headers = { 'X-Octopus-ApiKey': KEY };
    const all = async (path: string) =>
      (await fetch(`${both.servers[1]?.address}${path}`, { headers })).json();
    expect(await all('/api/spaces/all')).toHaveLength(1);
    expect(await all('/api/users/all')).toHaveLength(1);
  });

  it('lets one of two simultaneous requests on two servers have a name', async () => {
    await using both = await twoServers();
    for (let round = 0; round < 10; round += 1) {
      const body = { Name: `Environment ${round}` };
      const replies = await Promise.all(
        both.servers.map((server) => both.post(server, '/api/environments', body)),
      );
      expect(replies.map(({ status }) => status).sort()).toEqual([201, 400]);
    }
  });

  it('does the work of one Idempotency-Key once, on whichever server it arrives', async () => {
    await using both = await twoServers();
    for (let round = 0; round < 10; round += 1) {
      const key = { 'Idempotency-Key': `round-${round}` };
      const body = { Name: `Environment ${round}` };
      const replies = await Promise.all(
        both.servers.map((server) => both.post(server, '/api/environments', body, key)),
      );
      expect(replies.map(({ status }) => status)).toEqual([201, 201]);
      expect(replies[0]?.body).toEqual(replies[1]?.body);
    }
  });
});
