/** A machine behind SSH (this one), added to a server through the API as people add one: discovered, with an account, checked. */
import { expect } from 'vitest';
import type { SshdService } from '../../../../test/services/sshd.ts';
import { sshd } from '../../../../test/services.ts';
import type { Caller } from './project-under-test.ts';

const DEADLINE_MS = 180_000;

// biome-ignore-start lint/suspicious/noExplicitAny: the tests look into answers of every shape.
export interface SshMachine {
  readonly machine: SshdService;
  /** A pool that only workers of `addWorker` are in. */
  readonly pool: string;
  account(changes?: object): Promise<any>;
  /** The endpoint with the host key that the machine shows. */
  discover(): Promise<any>;
  /** Adds it and waits for its first health check: how that ended, the worker then, and the task. */
  addWorker(
    endpoint: object,
    name: string,
  ): Promise<{ readonly State: string; readonly worker: any; readonly task: string }>;
  /** The task when it is over. */
  ended(task: string): Promise<any>;
}

/** @param server may be one that is restarted meanwhile */
export async function sshMachine(server: Caller): Promise<SshMachine> {
  const machine = await sshd();
  const post = async (url: string, body: object): Promise<any> => {
    const { status, body: made } = await server.call('POST', url, body);
    expect(status, JSON.stringify(made)).toBeLessThan(300);
    return made;
  };
  const ended = async (id: string): Promise<any> => {
    const end = performance.now() + DEADLINE_MS;
    for (;;) {
      const { body } = await server.call('GET', `/api/tasks/${id}`);
      if (body.IsCompleted) return body;
      if (performance.now() > end) throw new Error(`${id} does not end: ${JSON.stringify(body)}`);
      await new Promise((resume) => setTimeout(resume, 100));
    }
  };
  // biome-ignore-end lint/suspicious/noExplicitAny: the tests look into answers of every shape.
  const { Id: pool } = await post('/api/Spaces-1/workerpools', { Name: 'Behind SSH' });
  return {
    machine,
    pool,
    ended,
    account: (changes = {}) =>
      post('/api/Spaces-1/accounts', {
        Name: `Deployer ${Math.random()}`,
        AccountType: 'SshKeyPair',
        Username: machine.username,
        PrivateKeyFile: { HasValue: true, NewValue: Buffer.from(machine.privateKey).toString('base64') },
        ...changes,
      }),
    async discover() {
      const url = `/api/Spaces-1/workers/discover?host=${machine.host}&port=${machine.port}&type=Ssh`;
      return (await server.call('GET', url)).body.Endpoint;
    },
    async addWorker(Endpoint, Name) {
      const wish = { Name, WorkerPoolIds: [pool], SkipInitialHealthCheck: true, Endpoint };
      const worker = await post('/api/Spaces-1/workers', wish);
      const check = { Name: 'Health', Arguments: { MachineIds: [worker.Id] } };
      const task = await post('/api/Spaces-1/tasks', check);
      const { State } = await ended(task.Id);
      const { body } = await server.call('GET', `/api/Spaces-1/workers/${worker.Id}`);
      return { State, worker: body, task: task.Id };
    },
  };
}

/** The usual case: one healthy worker. */
export async function healthySshWorker(server: Caller, name: string): Promise<SshMachine> {
  const ssh = await sshMachine(server);
  const { Id: AccountId } = await ssh.account();
  const { State, task } = await ssh.addWorker({ ...(await ssh.discover()), AccountId }, name);
  expect(State, (await server.call('GET', `/api/tasks/${task}/details`)).body?.Task?.ErrorMessage).toBe(
    'Success',
  );
  return ssh;
}
