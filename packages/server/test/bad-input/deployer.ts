/** A server as a process on the real engine, deployments through its API, and what they left behind on the engine. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createDockerEngine, endpointFromDockerHost } from '@argonaut/runner/docker';
import type { Engine } from '@argonaut/runner/ports';
import { KillableServer } from '../running/killable-server.ts';
import { makeProject, type StepWish } from '../running/project-under-test.ts';

/** Machines that run tests are slow at times; what never ends is told apart from what is late. */
const TASK_DEADLINE_MS = 240_000;
const REMOVAL_DEADLINE_MS = 60_000;

export interface Deployed {
  readonly id: string;
  // biome-ignore lint/suspicious/noExplicitAny: the tests look into answers of every shape.
  readonly task: any;
  /** The task's log as text. */
  readonly log: string;
}

export class Deployer implements AsyncDisposable {
  readonly server: KillableServer;
  readonly #engine: Engine = createDockerEngine(endpointFromDockerHost(process.env.DOCKER_HOST));
  #installation = '';

  private constructor(server: KillableServer) {
    this.server = server;
  }

  /** `prepare` may change the data directory before the server sees it. */
  static async start(
    environment: Readonly<Record<string, string>> = {},
    prepare?: (directory: string) => Promise<void>,
  ): Promise<Deployer> {
    const deployer = new Deployer(await KillableServer.create());
    await prepare?.(deployer.server.directory);
    await deployer.server.start({ ARGONAUT_TASK_CAP: '20', ...environment });
    const root = await deployer.server.call('GET', '/api');
    deployer.#installation = String(root.body.InstallationId);
    return deployer;
  }

  /** What is created; throws with the answer when it is refused. */
  // biome-ignore lint/suspicious/noExplicitAny: the tests look into answers of every shape.
  async make(path: string, body: object): Promise<any> {
    const reply = await this.server.call('POST', path, body);
    if (reply.status !== 201) throw new Error(`${path}: ${reply.status} ${JSON.stringify(reply.body)}`);
    return reply.body;
  }

  /** Begins a deployment of these steps; gives the id of its task. */
  async begin(...steps: readonly StepWish[]): Promise<string> {
    const { releaseId, environmentId } = await makeProject(this.server, steps);
    const body = { ReleaseId: releaseId, EnvironmentId: environmentId };
    return (await this.make('/api/deployments', body)).TaskId;
  }

  async logOf(task: string): Promise<string> {
    return String((await this.server.call('GET', `/api/tasks/${task}/raw`)).body);
  }

  async logSays(task: string, text: string): Promise<void> {
    await until(TASK_DEADLINE_MS, async () => ((await this.logOf(task)).includes(text) ? true : undefined));
  }

  async cancel(task: string): Promise<void> {
    await this.server.call('POST', `/api/tasks/${task}/cancel`);
  }

  async end(id: string): Promise<Deployed> {
    const task = await until(TASK_DEADLINE_MS, async () => {
      const { body } = await this.server.call('GET', `/api/tasks/${id}`);
      return body.IsCompleted ? body : undefined;
    });
    return { id, task, log: await this.logOf(id) };
  }

  async run(...steps: readonly StepWish[]): Promise<Deployed> {
    return this.end(await this.begin(...steps));
  }

  /** The containers of attempts of this server on the engine. */
  async containers(): Promise<readonly { readonly id: string; readonly name: string }[]> {
    const labels = { 'argonaut.server': this.#installation };
    const all = await this.#engine.listContainers(labels, AbortSignal.timeout(20_000));
    return all.filter(({ labels: own }) => own['argonaut.attempt'] !== undefined);
  }

  /** Removal goes on behind the end of a task; rejects when it does not come to an end. */
  async nothingLeft(): Promise<void> {
    await until(REMOVAL_DEADLINE_MS, async () => ((await this.containers()).length === 0 ? true : undefined));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.stop().catch(() => {});
    await this.server[Symbol.asyncDispose]();
    await this.#engine.close();
  }
}

async function until<T>(withinMs: number, ask: () => Promise<T | undefined>): Promise<T> {
  for (const end = Date.now() + withinMs; ; await sleep(50)) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > end) throw new Error(`It did not come to that within ${withinMs / 1000} s.`);
  }
}
