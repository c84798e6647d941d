/**
 * A step that failed is held in a real container: a person looks into it through a real WebSocket and through the command,
 * decides, and the task goes on; also when the server was killed meanwhile.
 */
import { execFile, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { KillableServer } from './killable-server.ts';
import { makeProject, type StepWish } from './project-under-test.ts';
import { openSocket, type SocketUnderTest } from './socket-under-test.ts';

const BUSYBOX = 'argonaut-test/busybox:1';
const COMMAND = join(import.meta.dirname, '../../../cli/bin/argonaut.js');
const SECRET = `canary-${randomBytes(12).toString('hex')}`;
const LEFT = { timeout: 30_000, interval: 250 };

let server: KillableServer;
const opened: SocketUnderTest[] = [];

beforeAll(async () => {
  server = await KillableServer.create();
  await server.start();
});

afterEach(async () => {
  for (const socket of opened.splice(0)) await socket[Symbol.asyncDispose]();
});

afterAll(async () => {
  // Takes its network sandboxes along.
  await server.stop();
  await server[Symbol.asyncDispose]();
});

function holding(script: string, minutes = '10', rest: Partial<StepWish> = {}): StepWish {
  return {
    name: 'breaks',
    script,
    image: BUSYBOX,
    properties: { 'Argonaut.Action.HoldOnFailure.Minutes': minutes },
    ...rest,
  };
}

async function deploy(steps: readonly StepWish[], secret = false): Promise<string> {
  const made = await makeProject(server, steps);
  if (secret) {
    const { body: set } = await server.call('GET', `/api/projects/${made.projectId}/variables`);
    const Variables = [{ Name: 'Token', Value: SECRET, Type: 'Sensitive', IsSensitive: true, Scope: {} }];
    await server.call('PUT', `/api/variables/${set.Id}`, { ...set, Variables });
    await server.call('POST', `/api/releases/${made.releaseId}/snapshot-variables`);
  }
  const { releaseId: ReleaseId, environmentId: EnvironmentId } = made;
  const reply = await server.call('POST', '/api/deployments', { ReleaseId, EnvironmentId });
  expect(reply.status).toBe(201);
  return reply.body.TaskId;
}

async function held(task: string) {
  const found = async () =>
    (await server.call('GET', `/api/interruptions?regarding=${task}&pendingOnly=true`)).body.Items[0];
  await expect.poll(found, LEFT).toBeDefined();
  return found();
}

async function decide(task: string, Guidance: string): Promise<void> {
  const { Id } = await held(task);
  const reply = await server.call('POST', `/api/interruptions/${Id}/submit`, { Guidance });
  expect(reply.status).toBe(200);
}

async function stateOf(task: string): Promise<string> {
  return (await server.call('GET', `/api/tasks/${task}`)).body.State;
}

async function terminal(task: string, query = ''): Promise<SocketUnderTest> {
  const path = `/api/Spaces-1/argonaut/tasks/${task}/terminal${query}`;
  const socket = await openSocket(server.address, path, { 'x-octopus-apikey': server.key });
  opened.push(socket);
  return socket;
}

/** Containers that the engine still has of the task to which an attempt belongs: other servers have tasks of the same name. */
async function containersOf(attempt: string): Promise<readonly string[]> {
  const filter = `name=argonaut-${attempt.replace(/-s[0-9-]+-a[0-9]+$/, '-s')}`;
  const { stdout } = await promisify(execFile)('docker', ['ps', '-aq', '--filter', filter]);
  return stdout.split('\n').filter((line) => line !== '');
}

test('a person looks into the failed container, tries again, looks again, and aborts; nothing is left', async () => {
  const task = await deploy([holding('echo "made by $$" > /tmp/trace; exit 3')]);
  const first = (await held(task)).HeldAttemptId;
  const one = await terminal(task);
  one.type('cat /tmp/trace; pwd; echo "term is $TERM"; stty size; exit 9\n');
  expect(await one.closed).toBe(1000);
  const shown = one.bytes().toString();
  expect(shown).toMatch(/made by \d+/);
  expect(shown).toContain('/argonaut/work');
  expect(shown).toContain('term is xterm-256color');
  expect(shown).toContain('24 80');
  expect(one.told[0]).toMatchObject({ type: 'opened', held: true, step: 'breaks', attempt: first });
  expect(one.told.at(-1)).toEqual({ type: 'exit', code: 9 });

  await decide(task, 'Retry');
  await expect.poll(async () => (await held(task)).HeldAttemptId, LEFT).not.toBe(first);
  await expect.poll(() => containersOf(first), LEFT).toHaveLength(1);
  const two = await terminal(task);
  two.type('cat /tmp/trace\n');
  await two.shows('made by');
  await decide(task, 'Abort');
  // The container goes, and the terminal with it.
  await two.closed;
  await expect.poll(() => stateOf(task), LEFT).toBe('Canceled');
  await expect.poll(() => containersOf(first), LEFT).toEqual([]);
});

test('what is typed and shown is binary-safe, follows the size, and hides the secrets of the step', async () => {
  const task = await deploy([holding('printf %s "$(get_octopusvariable Token)" > /tmp/token; exit 1')], true);
  await held(task);
  const shell = await terminal(task, '?columns=101&rows=33');
  shell.type('stty size; cat /tmp/token; echo; echo done-$((40 + 2))\n');
  await shell.shows('done-42');
  expect(shell.bytes().toString()).toContain('33 101');
  expect(shell.bytes().toString()).not.toContain(SECRET);
  expect(shell.bytes().toString()).toMatch(/\*{3,}|Token/);
  shell.tell({ type: 'resize', columns: 77, rows: 22 });
  shell.type('sleep 0.3; stty size\n');
  await shell.shows('22 77');

  // A megabyte out, unchanged: raw, so that the terminal itself translates nothing.
  shell.type(
    'stty raw -echo; echo BEGIN; i=0; while [ $i -lt 64 ]; do cat /bin/busybox | head -c 16384; i=$((i+1)); done | tee /tmp/sent; sync; echo END; sha256sum /tmp/sent; stty sane; exit\n',
  );
  await shell.closed;
  const bytes = shell.bytes();
  const from = bytes.indexOf('BEGIN\n', bytes.lastIndexOf('echo BEGIN') + 12) + 'BEGIN\n'.length;
  const received = bytes.subarray(from, from + 64 * 16384);
  const hash = createHash('sha256').update(received).digest('hex');
  expect(bytes.subarray(from + received.length).toString()).toContain(hash);
  await decide(task, 'Fail');
  await expect.poll(() => stateOf(task), LEFT).toBe('Failed');
});

test('the command opens it too; its exit code is the shell’s, and accepted the task goes on', async () => {
  const task = await deploy([
    holding('touch /tmp/broken; exit 4'),
    { name: 'next', script: 'echo "and on"', image: BUSYBOX },
  ]);
  await held(task);
  const typed = await command(task, ['--shell', 'sh'], 'ls /tmp\nexit 6\n');
  expect(typed).toMatchObject({ code: 6, out: expect.stringContaining('broken') });
  expect(typed.err).toMatch(/of step "breaks", which is held after its failure/);
  // Ends with its input, as a pipe does.
  expect(await command(task, [], 'echo by-pipe-$((1 + 1))\n')).toMatchObject({
    code: 0,
    out: expect.stringContaining('by-pipe-2'),
  });
  expect(await command(task, ['--step', 'next'], '')).toMatchObject({
    err: expect.stringContaining('nothing that runs or is held'),
  });
  expect(await command(task, ['--shell', '/bin/nope'], '')).toMatchObject({
    err: expect.stringContaining('There is no /bin/nope in the image'),
  });
  await decide(task, 'Ignore');
  await expect.poll(() => stateOf(task), LEFT).toBe('Success');
  expect(await command(task, [], '')).toMatchObject({ err: expect.stringContaining('is over') });
  expect(await command('ServerTasks-99999', [], '')).toMatchObject({
    code: 11,
    err: expect.stringContaining('not found'),
  });
});

test('an image without a shell is said to be one; another program of it can be named', async () => {
  const task = await deploy([
    {
      name: 'bare',
      type: 'Argonaut.Container',
      image: 'argonaut-test/scratch:1',
      properties: {
        'Argonaut.Action.Container.Arguments': '["false"]',
        'Argonaut.Action.HoldOnFailure.Minutes': '10',
      },
    },
  ]);
  await held(task);
  const refused = await terminal(task);
  expect(await refused.closed).toBe(4000);
  expect(refused.told).toEqual([
    {
      type: 'error',
      message: expect.stringMatching(
        /no bash and no sh in the image \S*argonaut-test\/scratch:1.*Name another program/,
      ),
    },
  ]);
  const named = await terminal(task, '?shell=/busybox');
  await named.shows('BusyBox');
  await decide(task, 'Fail');
});

test('whoever leaves takes their shell along', async () => {
  const task = await deploy([holding('exit 1')]);
  await held(task);
  const shell = await terminal(task);
  shell.type('echo ready-$((1 + 1))\n');
  await shell.shows('ready-2');
  const container = String(shell.told[0]?.container);
  const shells = async () => {
    const { stdout } = await promisify(execFile)('docker', ['top', container, '-o', 'pid,args']);
    return stdout.split('\n').filter((line) => /\bsh$/.test(line)).length;
  };
  expect(await shells()).toBe(1);
  shell.socket.terminate();
  await expect.poll(shells, LEFT).toBe(0);
  await decide(task, 'Fail');
});

test('a hold outlives the server: killed and started again, the container is the same and the question open', async () => {
  const task = await deploy([holding('echo first-$$ > /tmp/trace; exit 5')]);
  const before = await held(task);
  const [container] = await containersOf(before.HeldAttemptId);
  await server.kill();
  await server.start();
  expect(await held(task)).toMatchObject({ Id: before.Id, HeldUntil: before.HeldUntil });
  const shell = await terminal(task);
  shell.type('cat /tmp/trace; exit\n');
  await shell.closed;
  expect(shell.bytes().toString()).toMatch(/first-\d+/);
  expect(await containersOf(before.HeldAttemptId)).toEqual([container]);
  await decide(task, 'Ignore');
  await expect.poll(() => stateOf(task), LEFT).toBe('Success');
  await expect.poll(() => containersOf(before.HeldAttemptId), LEFT).toEqual([]);
});

test('a hold ends by itself, also while the server is away', async () => {
  const task = await deploy([holding('exit 5', '0.05')]);
  const { HeldAttemptId, HeldUntil } = await held(task);
  await server.kill();
  await expect.poll(() => Date.now(), LEFT).toBeGreaterThan(Date.parse(HeldUntil));
  await server.start();
  await expect.poll(() => stateOf(task), LEFT).toBe('Failed');
  await expect.poll(() => containersOf(HeldAttemptId), LEFT).toEqual([]);
});

test('a step that still runs can be looked into; one on the worker itself cannot, and says so', async () => {
  const { image: _, ...onHost } = holding('exit 2', '10');
  const running = await deploy([{ name: 'runs', script: 'touch /tmp/alive; sleep 600', image: BUSYBOX }]);
  await expect
    .poll(async () => (await command(running, [], 'ls /tmp\n')).out, { timeout: 30_000, interval: 500 })
    .toContain('alive');
  await server.call('POST', `/api/tasks/${running}/cancel`);
  await expect.poll(() => stateOf(running), LEFT).toBe('Canceled');

  const host = await deploy([onHost]);
  await held(host);
  expect(await command(host, [], '')).toMatchObject({
    err: expect.stringContaining('runs on the worker itself'),
  });
  await decide(host, 'Fail');
  await expect.poll(() => stateOf(host), LEFT).toBe('Failed');
});

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** `argonaut terminal`, with its keyboard a pipe. */
function command(task: string, flags: readonly string[], typed: string): Promise<Ended> {
  const args = [COMMAND, 'terminal', task, '--server', server.address, ...flags];
  const child = spawn(process.execPath, args, {
    env: { ...process.env, OCTOPUS_API_KEY: server.key },
    stdio: 'pipe',
    timeout: 30_000,
  });
  let out = '';
  let err = '';
  child.stdout.on('data', (part: Buffer) => {
    out += part.toString();
  });
  child.stderr.on('data', (part: Buffer) => {
    err += part.toString();
  });
  child.stdin.on('error', () => {});
  child.stdin.end(typed);
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, out, err })));
}
