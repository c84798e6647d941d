/** Starts, kills and asks a server that runs as a process of its own on one data directory. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const KEY = 'API-KILLABLEKILLABLEKILL';
const START_DEADLINE_MS = 60_000;

export interface Answered {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: the tests look into answers of every shape.
  readonly body: any;
}

export class KillableServer implements AsyncDisposable {
  readonly directory: string;
  /** How often it was started. */
  starts = 0;
  readonly #port: number;
  #child: ChildProcess | undefined;
  #exited: Promise<unknown> = Promise.resolve();
  #stderr = '';

  private constructor(directory: string, port: number) {
    this.directory = directory;
    this.#port = port;
  }

  static async create(): Promise<KillableServer> {
    return new KillableServer(await mkdtemp(join(tmpdir(), 'argonaut-killable-')), await freePort());
  }

  get address(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get key(): string {
    return KEY;
  }

  get running(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Resolves when it answers. `crashAt`: `<point>:<n>`, at which it kills itself. */
  async start(environment: Readonly<Record<string, string>> = {}): Promise<void> {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'server-process.ts')], {
      env: {
        PATH: process.env.PATH,
        DOCKER_HOST: process.env.DOCKER_HOST,
        ARGONAUT_DATA: this.directory,
        ARGONAUT_PORT: String(this.#port),
        ARGONAUT_ADMIN_API_KEY: KEY,
        ARGONAUT_LOG_LEVEL: 'warn',
        ...environment,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    this.starts += 1;
    this.#exited = once(child, 'exit');
    this.#stderr = '';
    const listening = Promise.withResolvers<void>();
    child.stdout?.on('data', (data: Buffer) => {
      if (data.toString().includes(this.address)) listening.resolve();
      else this.#stderr += data.toString();
    });
    child.stderr?.on('data', (data: Buffer) => {
      this.#stderr += data.toString();
    });
    const outcome = await Promise.race([
      listening.promise.then(() => 'listening'),
      this.#exited.then(() => 'exited'),
      sleep(START_DEADLINE_MS).then(() => 'silent'),
    ]);
    // A crash point may be passed while it starts.
    if (outcome === 'silent') throw new Error(`The server does not answer: ${this.#stderr}`);
  }

  /** After a call that failed: true when the server is dead, which shows a moment later than its connections. */
  async isDead(): Promise<boolean> {
    await Promise.race([this.#exited, sleep(1_000)]);
    return !this.running;
  }

  /** What it wrote about troubles. */
  get troubles(): string {
    return this.#stderr;
  }

  async kill(): Promise<void> {
    this.#child?.kill('SIGKILL');
    await this.#exited;
  }

  /** As an administrator does it; rejects when it does not end. */
  async stop(): Promise<void> {
    if (!this.running) return;
    this.#child?.kill('SIGTERM');
    await Promise.race([
      this.#exited,
      sleep(20_000).then(() => {
        throw new Error('The server did not stop within 20 s.');
      }),
    ]);
  }

  /** Rejects when the server is dead. */
  async call(
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answered> {
    const response = await fetch(`${this.address}${path}`, {
      method,
      headers: { 'x-octopus-apikey': KEY, 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(30_000),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.startsWith('application/json') === true;
    return { status: response.status, body: isJson && text !== '' ? JSON.parse(text) : text };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.running) await this.kill();
    await rm(this.directory, { recursive: true, force: true });
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('No port.');
  return address.port;
}
