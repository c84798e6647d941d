/** A worker behind SSH, as people add one: its host key is looked up, an account logs in, a step runs there. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { registry } from '../../../../test/services.ts';
import { type RunningServer, readConfig, startServer } from '../../src/index.ts';
import { type Caller, makeProject } from './project-under-test.ts';
import { openSocket } from './socket-under-test.ts';
import { type SshMachine, sshMachine } from './ssh-machine.ts';

const KEY = 'API-SSHWORKERSSHWORKER01';
const DEADLINE_MS = 180_000;

describe('a worker behind SSH', () => {
  let directory: string;
  let server: RunningServer;
  let ssh: SshMachine;
  let feed: string;
  /** What the server keeps on the worker, which is this machine. */
  let folder: string | undefined;

  const call: Caller['call'] = async (method, url, body) => {
    const answer = await fetch(server.address + url, {
      method,
      headers: { 'x-octopus-apikey': KEY, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: answer.status, body: await answer.json() };
  };
  const post = async (url: string, body: object) => {
    const { status, body: made } = await call('POST', url, body);
    expect(status, JSON.stringify(made)).toBeLessThan(300);
    return made;
  };
  const text = async (id: string) => {
    const answer = await fetch(`${server.address}/api/tasks/${id}/raw`, {
      headers: { 'x-octopus-apikey': KEY },
    });
    return answer.text();
  };

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'argonaut-ssh-'));
    const { DOCKER_HOST, PATH } = process.env;
    const settings = { ARGONAUT_DATA: directory, ARGONAUT_PORT: '0', ARGONAUT_LOG_LEVEL: 'warn' };
    server = await startServer(readConfig({ ...settings, DOCKER_HOST, PATH, ARGONAUT_ADMIN_API_KEY: KEY }));
    ssh = await sshMachine({ call });
    const { host } = await registry();
    feed = (
      await post('/api/Spaces-1/feeds', { Name: 'Registry', FeedType: 'Docker', FeedUri: `http://${host}` })
    ).Id;
  }, 300_000);
  afterAll(async () => {
    await server?.stop();
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
    rmSync(directory, { recursive: true, force: true });
  });

  it('is healthy, runs steps in containers and as plain processes, and stays connected over health checks', async () => {
    const { Id: AccountId } = await ssh.account();
    const { worker, State, task } = await ssh.addWorker({ ...(await ssh.discover()), AccountId }, 'Good');
    expect(State, await text(task)).toBe('Success');
    expect(worker).toMatchObject({ Status: 'Online', OperatingSystem: 'linux' });
    expect(['Healthy', 'HasWarnings']).toContain(worker.HealthStatus);

    const onPool = { WorkerPoolId: ssh.pool };
    const made = await makeProject({ call }, [
      {
        name: 'Inside',
        image: 'argonaut-test/busybox:1',
        feed,
        script: 'echo "inside $SSH_CONNECTION."',
        action: onPool,
      },
      { name: 'Beside', script: 'echo "home $HOME"; pwd', action: onPool },
    ]);
    const { TaskId } = await post('/api/Spaces-1/deployments', {
      ReleaseId: made.releaseId,
      EnvironmentId: made.environmentId,
    });
    // While it runs the worker is checked: its connection is not taken away.
    const check = await post('/api/Spaces-1/tasks', {
      Name: 'Health',
      Arguments: { MachineIds: [worker.Id] },
    });
    const task2 = await ssh.ended(TaskId);
    await ssh.ended(check.Id);
    const log = await text(TaskId);
    expect(task2.State, log).toBe('Success');
    expect(log).toContain('inside .');
    expect(log).toContain(`home ${homedir()}`);
    folder = /\/\S+\/\.argonaut\/[0-9a-f-]{36}/.exec(log)?.[0];
    const attempts = `${folder}/attempts`;
    await expect.poll(() => readdirSync(attempts), { timeout: 20_000 }).toEqual([]);
  });

  it('holds a failed container there, and a terminal reaches it', async () => {
    const made = await makeProject({ call }, [
      {
        name: 'Breaks',
        image: 'argonaut-test/busybox:1',
        feed,
        script: 'echo far > /tmp/trace; exit 1',
        action: { WorkerPoolId: ssh.pool },
        properties: { 'Argonaut.Action.HoldOnFailure.Minutes': '5' },
      },
    ]);
    const { TaskId } = await post('/api/Spaces-1/deployments', {
      ReleaseId: made.releaseId,
      EnvironmentId: made.environmentId,
    });
    const question = async () =>
      (await call('GET', `/api/interruptions?regarding=${TaskId}&pendingOnly=true`)).body.Items[0]?.Id;
    await expect.poll(question, { timeout: DEADLINE_MS }).toBeDefined();
    const path = `/api/Spaces-1/argonaut/tasks/${TaskId}/terminal?columns=99&rows=31`;
    await using terminal = await openSocket(server.address, path, { 'x-octopus-apikey': KEY });
    terminal.type('cat /tmp/trace; stty size; exit 8\n');
    await terminal.closed;
    expect(terminal.bytes().toString()).toMatch(/far\s[\s\S]*31 99/);
    expect(terminal.told.at(-1)).toEqual({ type: 'exit', code: 8 });
    await post(`/api/interruptions/${await question()}/submit`, { Guidance: 'Fail' });
    expect((await ssh.ended(TaskId)).State).toBe('Failed');
  });

  it('that shows another host key, or refuses the account, is unavailable and says why', async () => {
    const endpoint = await ssh.discover();
    const { Id: AccountId } = await ssh.account();
    const changed = await ssh.addWorker(
      { ...endpoint, AccountId, Fingerprint: `SHA256:${'A'.repeat(43)}` },
      'Changed',
    );
    expect(changed.State).toBe('Failed');
    expect(changed.worker).toMatchObject({ HealthStatus: 'Unavailable' });
    expect(changed.worker.StatusSummary).toContain('shows another host key');
    const stranger = await ssh.account({ Username: 'nobody-that-exists' });
    const refused = await ssh.addWorker({ ...endpoint, AccountId: stranger.Id }, 'Refused');
    expect(refused.worker.StatusSummary).toContain('refuses the login');
    expect(await text(refused.task)).not.toContain(
      readFileSync(ssh.machine.privateKeyFile, 'utf8').slice(100, 140),
    );
  });
});
