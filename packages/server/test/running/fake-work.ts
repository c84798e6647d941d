/** A server in memory whose tasks run on a worker without an engine. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LateValues, WorkerConnection } from '@argonaut/contracts/attempt';
import type { Connections } from '../../src/connections/index.ts';
import type { Services } from '../../src/services.ts';
import type { Dispatcher } from '../../src/tasks/queue/dispatcher.ts';
import type { SharedPorts } from '../../src/tasks/queue/running-task.ts';
import { startWork } from '../../src/work.ts';
import { FakeWorker, type Program } from '../execution/fake-worker.ts';
import { type TestServer, testServer } from '../support.ts';

export interface FakeWork extends TestServer {
  readonly worker: FakeWorker;
  readonly work: Dispatcher;
  /** The task when `is` holds; rejects with the task as it is after ten seconds. */
  // biome-ignore lint/suspicious/noExplicitAny: the tests look into answers of every shape.
  task(id: string, is?: (task: any) => boolean): Promise<any>;
  /** Deploys, and expects that it is accepted. */
  deploy(releaseId: string, environmentId: string, options?: object): Promise<{ id: string; taskId: string }>;
}

/** Every worker is the fake one. */
class FakeConnections implements Connections {
  worker: WorkerConnection | undefined;

  async to(): Promise<WorkerConnection> {
    if (this.worker === undefined) throw new Error('There is no fake worker.');
    return this.worker;
  }

  async forget(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {}
}

const DEADLINE_MS = 60_000;

export async function fakeWork(
  programs: (title: string, late: LateValues) => Program = () => ({}),
  overrides: Parameters<typeof testServer>[0] = {},
  known: FakeWorker = new FakeWorker(programs),
  ports: (services: Services) => Partial<SharedPorts> = () => ({}),
): Promise<FakeWork> {
  const stopping = new AbortController();
  const connections = new FakeConnections();
  connections.worker = known;
  const server = await testServer({
    connections,
    installationId: randomUUID(),
    stopping: stopping.signal,
    ...overrides,
  });
  const work = startWork(server.services, {
    workers: {
      async lease() {
        return { worker: 'Workers-1', name: 'worker one', connection: known };
      },
      async release() {},
    },
    images: { request: async ({ reference }) => ({ reference, policy: 'if-not-present' }) },
    ...ports(server.services),
  });
  return {
    ...server,
    worker: known,
    work,
    async task(id, is = (task) => task.IsCompleted) {
      const end = Date.now() + DEADLINE_MS;
      for (;;) {
        const { body } = await server.get(`/api/tasks/${id}`);
        if (is(body)) return body;
        if (Date.now() > end) throw new Error(`The task did not come to that: ${JSON.stringify(body)}`);
        await sleep(5);
      }
    },
    async deploy(ReleaseId, EnvironmentId, options = {}) {
      const reply = await server.call('POST', '/api/deployments', { ReleaseId, EnvironmentId, ...options });
      if (reply.status !== 201) throw new Error(`${reply.status}: ${JSON.stringify(reply.body)}`);
      return { id: reply.body.Id, taskId: reply.body.TaskId };
    },
    [Symbol.asyncDispose]: async () => {
      stopping.abort();
      await work.stop();
      await server[Symbol.asyncDispose]();
    },
  };
}
