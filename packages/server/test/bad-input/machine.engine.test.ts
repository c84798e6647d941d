/** No engine, a second server, a client that goes away: the answer says what it is and what to do, and all goes on. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { Deployer } from './deployer.ts';

const BUSYBOX = 'argonaut-test/busybox:1';

it('Docker does not run on the worker: the step says where it was looked for, and plain steps still run', async () => {
  await using deployer = await Deployer.start({ DOCKER_HOST: 'unix:///nowhere/docker.sock' });
  const id = await deployer.begin({ name: 'in an image', image: BUSYBOX, script: 'echo never' });
  const plain = await deployer.run({ name: 'on the worker', script: 'echo plain' });
  expect([plain.task.State, plain.log]).toEqual(['Success', expect.stringContaining('plain')]);
  const { task, log } = await deployer.end(id);
  if (process.env.ARGONAUT_SHOW === '1') console.log(task.ErrorMessage, log);
  expect(task.State).toBe('Failed');
  expect(task.ErrorMessage).toMatch(/\/nowhere\/docker\.sock/);
  expect(log).not.toContain('never');
});

it('a second server on one data directory refuses to start, and the first goes on', async () => {
  await using deployer = await Deployer.start();
  const second = spawn(process.execPath, [join(import.meta.dirname, '../running/server-process.ts')], {
    env: { ...process.env, ARGONAUT_DATA: deployer.server.directory, ARGONAUT_PORT: '0' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const [said, [code]] = await Promise.all([text(second.stderr), once(second, 'exit')]);
  expect(code).not.toBe(0);
  expect(said).toMatch(/Another server already uses .*argonaut\.db\. Stop it, or set ARGONAUT_DATA/);
  expect((await deployer.server.call('GET', '/api/spaces/all')).status).toBe(200);
});

it('a dead client or a half-sent body makes nothing', async () => {
  await using deployer = await Deployer.start();
  const { hostname, port } = new URL(deployer.server.address);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  socket.write(
    `POST /api/environments HTTP/1.1\r\nHost: x\r\nX-Octopus-ApiKey: ${deployer.server.key}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"Name": "Half`,
  );
  socket.destroy();
  expect((await deployer.server.call('GET', '/api/environments/all')).body).toEqual([]);
});
