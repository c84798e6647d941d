/** The ways to workers: they are made anew when an endpoint or an account changes, and tasks that hold a worker go on over them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { InfrastructureFailure, kindOf, NotFound } from '@argonaut/contracts';
import type { AttemptEvent, FollowOptions } from '@argonaut/contracts/attempt';
import { describe, expect, it } from 'vitest';
import type { Connector, OpenConnection } from '../../src/connections/connector.ts';
import { createWorkerDirectory, KeptConnections } from '../../src/connections/index.ts';
import { closeTidily } from '../../src/connections/ssh.ts';
import { FakeWorker } from '../execution/fake-worker.ts';
import { type TestServer, testServer } from '../support.ts';

/** Ways to one worker that say which of them they are, and break when they are closed. */
class Ways implements Connector {
  key = 'first key';
  opened = 0;
  closed = 0;
  refuses: Error | undefined;
  isOver = false;
  /** What opening waits for, and what closing does. */
  ready: Promise<void> = Promise.resolve();
  tidied: Promise<void> = Promise.resolve();

  async identity(): Promise<string> {
    return this.key;
  }

  async open(_foundation: unknown, _worker: unknown, signal: AbortSignal): Promise<OpenConnection> {
    await this.ready;
    signal.throwIfAborted();
    if (this.refuses) throw this.refuses;
    const number = ++this.opened;
    const over = Promise.withResolvers<never>();
    over.promise.catch(() => {});
    const close = async () => {
      this.closed += 1;
      await this.tidied;
      over.reject(new InfrastructureFailure('The connection was closed.', { details: { ssh: 'lost' } }));
    };
    const list = async () => Promise.race([over.promise, sleep(1, [])]);
    const follow = async function* (): AsyncGenerator<AttemptEvent> {
      yield { type: 'notice', level: 'Info', message: `way ${number}` };
      await over.promise;
    };
    const isOver = () => this.isOver;
    return Object.assign(new FakeWorker(() => ({})), { isOver, list, follow, [Symbol.asyncDispose]: close });
  }
}

async function world() {
  const ways = new Ways();
  // The server's own routes are given the connections before there is a server to make them for.
  const server = await testServer({
    connections: {
      to: (id, signal) => connections.to(id, signal),
      forget: (id) => connections.forget(id),
      [Symbol.asyncDispose]: async () => {},
    },
  });
  const connections = new KeptConnections(server.services, { Ssh: ways });
  return {
    server,
    ways,
    connections,
    worker: await sshWorker(server),
    [Symbol.asyncDispose]: async () => {
      await connections[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

async function sshWorker(server: TestServer): Promise<string> {
  const made = async (path: string, body: object) => {
    const reply = await server.call('POST', `/api/Spaces-1/${path}`, body);
    expect(reply.status, JSON.stringify(reply.body)).toBe(201);
    return reply.body;
  };
  const Password = { HasValue: true, NewValue: 'a password' };
  const account = { Name: 'Login', AccountType: 'UsernamePassword', Username: 'deployer', Password };
  const { Id: AccountId } = await made('accounts', account);
  const { Id: pool } = await made('workerpools', { Name: 'Behind SSH' });
  const Endpoint = {
    CommunicationStyle: 'Ssh',
    AccountId,
    Host: 'worker.example',
    Port: 22,
    Fingerprint: `SHA256:${'A'.repeat(43)}`,
  };
  const worker = { Name: 'Far', WorkerPoolIds: [pool], Endpoint, SkipInitialHealthCheck: true };
  return (await made('workers', worker)).Id;
}

const soon = (): AbortSignal => AbortSignal.timeout(30_000);

describe('the ways to workers', () => {
  it('lets a task that holds a worker go on over the new way when its account has got another key', async () => {
    await using here = await world();
    const { ways, connections, worker, server } = here;
    const directory = createWorkerDirectory(server.services, connections);
    const request = { task: 'ServerTasks-1', pool: 'WorkerPools-1', generation: 1, worker };
    const { connection } = await directory.lease(request, soon());
    const follow = async (onNotice: (text: string) => Promise<unknown>) => {
      for await (const event of connection.follow('attempt', 1, {} as FollowOptions, soon())) {
        if (event.type === 'notice') await onNotice(event.message);
      }
    };
    const said: string[] = [];

    // A health check, or another task, is what finds the new key while the step is followed.
    const broken = follow(async (text) => {
      said.push(text);
      ways.key = 'second key';
      await connections.to(worker, soon());
    });
    await expect(broken).rejects.toThrow('was closed');
    await expect(
      follow(async (text) => {
        said.push(text);
        throw new Error('heard enough');
      }),
    ).rejects.toThrow('heard enough');

    expect(said).toEqual(['way 1', 'way 2']);
    await expect(connection.list(soon())).resolves.toEqual([]);
    expect(ways).toMatchObject({ opened: 2, closed: 1 });
  });

  it('never takes it for the worker’s own answer that there is no way to it now', async () => {
    await using here = await world();
    const { ways, connections, worker, server } = here;
    const directory = createWorkerDirectory(server.services, connections);
    const request = { task: 'ServerTasks-1', pool: 'WorkerPools-1', generation: 1, worker };
    const { connection } = await directory.lease(request, soon());
    ways.key = 'second key';
    ways.refuses = new NotFound('The account is gone.');
    await connections.to(worker, soon()).catch(() => {});
    await expect(connection.list(soon())).rejects.toThrow('was closed');

    const error = await connection.list(soon()).catch((cause: unknown) => cause);
    expect(kindOf(error)).toBe('Unavailable');
    expect(String(error)).toContain('The account is gone.');

    ways.refuses = undefined;
    await expect(connection.list(soon())).resolves.toEqual([]);
  });

  it('keeps opening a way for those who wait when the one who asked first has left', async () => {
    await using here = await world();
    const { ways, connections, worker } = here;
    const ready = Promise.withResolvers<void>();
    ways.ready = ready.promise;
    const leaving = new AbortController();
    const first = connections.to(worker, leaving.signal);
    const second = connections.to(worker, soon());
    await sleep(20);

    leaving.abort(new Error('cancelled'));
    await expect(first).rejects.toThrow('cancelled');
    ready.resolve();

    await expect(second).resolves.toBeDefined();
    expect(ways.opened).toBe(1);
  });

  it('closes the way to a worker that is deleted, so that nothing waits on its machine', async () => {
    await using here = await world();
    const { ways, connections, worker, server } = here;
    await connections.to(worker, soon());

    const { status } = await server.call('DELETE', `/api/Spaces-1/workers/${worker}`);

    expect(status).toBeLessThan(300);
    await expect.poll(() => ways.closed).toBe(1);
  });

  it('opens no second way beside one that is being closed: two runners must not share a directory', async () => {
    await using here = await world();
    const { ways, connections, worker } = here;
    const first = await connections.to(worker, soon());
    const tidied = Promise.withResolvers<void>();
    ways.tidied = tidied.promise;

    const forgotten = connections.forget(worker);
    const again = connections.to(worker, soon());
    await sleep(20);
    expect(ways).toMatchObject({ opened: 1, closed: 1 });
    tidied.resolve();

    expect(await again).not.toBe(first);
    await forgotten;
    expect(ways).toMatchObject({ opened: 2, closed: 1 });
    expect(await connections.to(worker, soon())).toBe(await again);
  });

  it('closes a way over which nothing can be tidied any more, instead of waiting for a machine that is gone', async () => {
    let closed = 0;
    const close = async () => {
      closed += 1;
    };
    // Removing what waits on the machine is tried again and again.
    await closeTidily(() => new Promise(() => {}), close, 10);
    expect(closed).toBe(1);

    const broken = closeTidily(() => Promise.reject(new Error('It is in use.')), close, 60_000);
    await expect(broken).rejects.toThrow('in use');
    expect(closed).toBe(2);
  });

  it('opens another way when the last one has come to its end: another host key was shown for a moment', async () => {
    await using here = await world();
    const { ways, connections, worker } = here;
    const first = await connections.to(worker, soon());
    expect(await connections.to(worker, soon())).toBe(first);

    ways.isOver = true;
    const second = await connections.to(worker, soon());

    expect(second).not.toBe(first);
    expect(ways).toMatchObject({ opened: 2, closed: 1 });
  });
});
