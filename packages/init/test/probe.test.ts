/** The probe: whether something listens in this network namespace, asked without any program of the image. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { describe, expect, test } from 'vitest';
import { exitCodes, probeArguments } from '../src/index.ts';
import { initCommand } from './attempt-under-test.ts';

describe('a probe', () => {
  test.each(['127.0.0.1', '::1'])('finds who listens on %s', async (host) => {
    const server = createServer().listen(0, host);
    await once(server, 'listening');
    expect(await probe(portOf(server))).toBe(0);
    server.close();
    await once(server, 'close');
  });

  test('says so when nobody listens', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const port = portOf(server);
    server.close();
    await once(server, 'close');
    expect(await probe(port)).toBe(1);
  });

  test.each([0, 65_536])('refuses %i, which is no port', async (port) => {
    expect(await probe(port)).toBe(exitCodes.usage);
  });
});

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function probe(port: number): Promise<unknown> {
  const [file, ...args] = initCommand(...probeArguments(port));
  const [code] = await once(spawn(file, args, { stdio: 'ignore' }), 'exit');
  return code;
}
