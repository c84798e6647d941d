/** Terminals over the API: who may open one, into which step, what travels, and what is written down. */
import { afterEach, describe, expect, it, test, vi } from 'vitest';
import { ASK_AGAIN_MS } from '../../src/http/reauthentication.ts';
import { ADMIN_KEY } from '../support.ts';
import { type FakeWork, fakeWork } from './fake-work.ts';
import { makeProject, type StepWish } from './project-under-test.ts';
import { openSocket, type SocketUnderTest } from './socket-under-test.ts';

const admin = { 'x-octopus-apikey': ADMIN_KEY };
const opened: SocketUnderTest[] = [];
afterEach(async () => {
  for (const socket of opened.splice(0)) await socket[Symbol.asyncDispose]();
});

async function running(server: FakeWork, steps: readonly StepWish[] = [step('work')]) {
  const made = await makeProject(server, steps);
  const { id, taskId } = await server.deploy(made.releaseId, made.environmentId);
  await expect.poll(() => begun(server), { timeout: 5_000 }).toBe(steps.length);
  return { id, taskId, address: await server.listen() };
}

function step(name: string, rest: Partial<StepWish> = {}): StepWish {
  return { name, script: 'sleep 1000', image: 'alpine:3', ...rest };
}

/** Attempts whose program runs. */
function begun({ worker }: FakeWork): number {
  return [...worker.attempts.values()].filter(({ phase }) => phase === 'go').length;
}

async function open(address: string, task: string, query = '', headers: Record<string, string> = admin) {
  const socket = await openSocket(address, `/api/Spaces-1/argonaut/tasks/${task}/terminal${query}`, headers);
  opened.push(socket);
  return socket;
}

test('bytes go both ways untouched, sizes are told, and the exit code comes last', async () => {
  await using server = await fakeWork(() => ({ endless: true }));
  const { taskId, address } = await running(server);
  const terminal = await open(address, taskId, '?term=vt100&columns=132&rows=43');
  await terminal.shows('vt100 132x43 ');
  expect(terminal.told[0]).toEqual({
    type: 'opened',
    attempt: expect.stringMatching(/-s1-a1$/),
    step: 'work',
    held: false,
    container: 'c0ffee',
    shell: '/bin/sh',
  });
  terminal.tell({ type: 'resize', columns: 200, rows: 50 });
  await terminal.shows('200x50 ');
  const every = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  terminal.type(every);
  await expect.poll(() => terminal.bytes().includes(every)).toBe(true);
  terminal.type('exit');
  expect(await terminal.closed).toBe(1000);
  expect(terminal.told.at(-1)).toEqual({ type: 'exit', code: 7 });
});

test('its beginning and end are in the audit trail and the log, its content is nowhere', async () => {
  await using server = await fakeWork(() => ({ endless: true }));
  const { taskId, address } = await running(server);
  const terminal = await open(address, taskId);
  terminal.type('the-typed-word');
  await terminal.shows('the-typed-word');
  terminal.type('exit');
  await terminal.closed;
  const { body } = await server.get(`/api/events?regarding=${taskId}&eventGroups=Step`);
  expect(body.Items).toMatchObject([
    {
      Category: 'TerminalClosed',
      Username: 'admin',
      Message: expect.stringMatching(
        /^The terminal in container c0ffee of step "work" .* after \d+ s: .* code 7$/,
      ),
    },
    { Category: 'TerminalOpened', IdentityEstablishedWith: 'API key APIKeys-1' },
  ]);
  const log = await server.get(`/api/tasks/${taskId}/raw`);
  expect(String(log.body)).toContain('admin opened a terminal');
  expect(JSON.stringify([body, log.body])).not.toContain('the-typed-word');
});

test('a client that leaves ends the terminal, and that is written down', async () => {
  await using server = await fakeWork(() => ({ endless: true }));
  const { taskId, address } = await running(server);
  const terminal = await open(address, taskId);
  await terminal.shows('80x24');
  terminal.socket.terminate();
  const last = async () =>
    (await server.get(`/api/events?regarding=${taskId}&eventCategories=TerminalClosed`)).body.Items[0]
      ?.Message;
  await expect.poll(last).toContain('the connection ended');
  expect(server.worker.terminalsClosed).toBeGreaterThan(0);
});

describe('who may open one', () => {
  it('nobody without a key', async () => {
    await using server = await fakeWork(() => ({ endless: true }));
    const { taskId, address } = await running(server);
    await expect(open(address, taskId, '', {})).rejects.toThrow('401');
  });

  it('nobody without the permission, whatever else they may do', async () => {
    await using server = await fakeWork(() => ({ endless: true }));
    const { taskId, address } = await running(server);
    const user = await server.call('POST', '/api/users', { Username: 'eve', DisplayName: 'Eve' });
    const key = await server.call('POST', `/api/users/${user.body.Id}/apikeys`, { Purpose: 'x' });
    const eve = { 'x-octopus-apikey': key.body.ApiKey };
    await expect(open(address, taskId, '', eve)).rejects.toThrow(/403.*TaskTerminal/);
    const { body } = await server.get(`/api/events?eventCategories=TerminalOpened`);
    expect(body.Items).toEqual([]);
  });

  it('nobody any more whose key was deleted, who was disabled or who lost the permission, also while typing', async () => {
    await using server = await fakeWork(() => ({ endless: true }));
    const { taskId, address } = await running(server);
    const { body: user } = await server.call('POST', '/api/users', { Username: 'mia', DisplayName: 'Mia' });
    const space = (await server.get('/api/spaces/Spaces-1')).body;
    const managers = (users: readonly string[]) =>
      server.call('PUT', '/api/spaces/Spaces-1', { ...space, SpaceManagersTeamMembers: users });
    const losses: readonly [() => Promise<unknown>, string][] = [
      [() => managers(space.SpaceManagersTeamMembers), 'TaskTerminal'],
      [() => server.call('DELETE', `/api/users/${user.Id}/apikeys/${keyId}`), 'API key'],
      [() => server.call('PUT', `/api/users/${user.Id}`, { ...user, IsActive: false }), 'disabled'],
    ];
    let keyId = '';
    for (const [lose, said] of losses) {
      await managers([...space.SpaceManagersTeamMembers, user.Id]);
      const { body: key } = await server.call('POST', `/api/users/${user.Id}/apikeys`, { Purpose: 'x' });
      keyId = key.Id;
      vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
      try {
        const terminal = await open(address, taskId, '', { 'x-octopus-apikey': key.ApiKey });
        await terminal.shows('80x24');
        await vi.advanceTimersByTimeAsync(ASK_AGAIN_MS);
        terminal.type('still-here ');
        await terminal.shows('still-here');
        expect((await lose()) as object).toMatchObject({ status: 200 });
        await vi.advanceTimersByTimeAsync(ASK_AGAIN_MS);
        expect(await terminal.closed).toBe(4000);
        expect(terminal.told.at(-1)).toEqual({ type: 'error', message: expect.stringContaining(said) });
        expect(terminal.told.map(({ type }) => type)).toEqual(['opened', 'error']);
      } finally {
        vi.useRealTimers();
      }
    }
    const { body } = await server.get(`/api/events?eventCategories=TerminalClosed`);
    expect(body.Items).toHaveLength(losses.length);
  });

  it('no page of another site', async () => {
    await using server = await fakeWork(() => ({ endless: true }));
    const { taskId, address } = await running(server);
    const page = { ...admin, origin: 'https://evil.example' };
    await expect(open(address, taskId, '', page)).rejects.toThrow('403');
    await open(address, taskId, '', { ...admin, origin: address });
  });

  it('only through the space that the task is in', async () => {
    await using server = await fakeWork(() => ({ endless: true }));
    const { taskId, address } = await running(server);
    const space = await server.call('POST', '/api/spaces', {
      Name: 'Other',
      SpaceManagersTeamMembers: ['Users-1'],
    });
    const path = `/api/${space.body.Id}/argonaut/tasks/${taskId}/terminal`;
    const terminal = await openSocket(address, path, admin);
    opened.push(terminal);
    expect(await terminal.closed).toBe(4000);
    expect(terminal.told).toEqual([{ type: 'error', message: expect.stringContaining('was not found') }]);
  });
});

describe('which step is meant', () => {
  async function refusal(server: FakeWork, address: string, task: string, query = ''): Promise<string> {
    const terminal = await open(address, task, query);
    expect(await terminal.closed).toBe(4000);
    expect(server.worker.terminalsClosed).toBe(0);
    return String(terminal.told[0]?.message);
  }

  it('is asked when several run', async () => {
    await using server = await fakeWork(() => ({ endless: true }));
    const beside = step('beside', { step: { StartTrigger: 'StartWithPrevious' } });
    const { taskId, address } = await running(server, [step('work'), beside]);
    expect(await refusal(server, address, taskId)).toMatch(/"work", "beside".*Say which/);
    expect(await refusal(server, address, taskId, '?step=nope')).toContain('There is no step "nope"');
    const terminal = await open(address, taskId, '?step=BESIDE');
    await terminal.shows('80x24');
    expect(terminal.told[0]).toMatchObject({ step: 'beside' });
  });

  it('is the one that is held', async () => {
    await using server = await fakeWork((title) => (title === 'breaks' ? { exit: 1 } : { endless: true }));
    const breaks = step('breaks', {
      step: { StartTrigger: 'StartWithPrevious' },
      properties: { 'Argonaut.Action.HoldOnFailure.Minutes': '5' },
    });
    const made = await makeProject(server, [step('work'), breaks]);
    const { taskId } = await server.deploy(made.releaseId, made.environmentId);
    await server.task(taskId, (task) => task.HasPendingInterruptions);
    const terminal = await open(await server.listen(), taskId);
    await terminal.shows('80x24');
    expect(terminal.told[0]).toMatchObject({ step: 'breaks', held: true });
  });

  it('is none once the task is over', async () => {
    await using server = await fakeWork();
    const made = await makeProject(server, [step('work')]);
    const { taskId } = await server.deploy(made.releaseId, made.environmentId);
    await server.task(taskId);
    expect(await refusal(server, await server.listen(), taskId)).toContain('is over');
  });
});

test('a plain request is told to use a WebSocket', async () => {
  await using server = await fakeWork();
  const reply = await server.get('/api/Spaces-1/argonaut/tasks/ServerTasks-1/terminal');
  expect(reply.status).toBe(400);
  expect(reply.body.ErrorMessage).toContain('is a WebSocket');
});
