/**
 * The `argonaut server` command as a process of its own, on an empty data directory and a free port: started, asked, killed,
 * stopped, and everything of it removed. Benchmarks and fault runs share it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const COMMAND = join(import.meta.dirname, '../packages/cli/bin/argonaut.js');
const START_WITHIN_MS = 60_000;
const STOP_WITHIN_MS = 30_000;
const CALL_WITHIN_MS = 60_000;
const ASK_AGAIN_MS = 5;

export interface Answered {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: answers of every shape are looked into.
  readonly body: any;
}

/** One of the server's log events, as the live stream tells it. */
export interface LogEvent {
  readonly event: string;
  // biome-ignore lint/suspicious/noExplicitAny: each event has fields of its own.
  readonly data: any;
}

export interface FollowedTask {
  readonly state: string;
  readonly errorMessage: string;
  /** When the end of the stream was read, in milliseconds since the epoch. */
  readonly seenMs: number;
}

export class ServerUnderTest implements AsyncDisposable {
  readonly directory: string;
  readonly key = `API-${randomBytes(16).toString('hex').toUpperCase()}`;
  readonly #port: number;
  readonly #nodeOptions: readonly string[];
  #child: ChildProcess | undefined;
  #exited: Promise<unknown> = Promise.resolve();
  #said = '';

  private constructor(directory: string, port: number, nodeOptions: readonly string[]) {
    this.directory = directory;
    this.#port = port;
    this.#nodeOptions = nodeOptions;
  }

  /** @param nodeOptions for Node itself, such as `--cpu-prof`. */
  static async create(nodeOptions: readonly string[] = []): Promise<ServerUnderTest> {
    return new ServerUnderTest(
      await mkdtemp(join(tmpdir(), 'argonaut-measured-')),
      await freePort(),
      nodeOptions,
    );
  }

  get address(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  get running(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Resolves when the process that was started last has ended. */
  get exited(): Promise<unknown> {
    return this.#exited;
  }

  /** What it wrote since it was started last: its own log, and its troubles. */
  get said(): string {
    return this.#said;
  }

  /**
   * Resolves with the milliseconds from the start of the process to its first answer, or `undefined` if it ended before (a
   * crash point may be passed while it starts).
   */
  async start(environment: Readonly<Record<string, string>> = {}): Promise<number | undefined> {
    const began = performance.now();
    const child = spawn(process.execPath, [...this.#nodeOptions, COMMAND, 'server'], {
      env: {
        ...process.env,
        ARGONAUT_DATA: this.directory,
        ARGONAUT_HOST: '127.0.0.1',
        ARGONAUT_PORT: String(this.#port),
        ARGONAUT_ADMIN_API_KEY: this.key,
        ARGONAUT_LOG_LEVEL: 'warn',
        ...environment,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    this.#exited = once(child, 'exit');
    this.#said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (data: Buffer) => {
        this.#said = (this.#said + data.toString()).slice(-20_000);
      });
    }
    while (performance.now() - began < START_WITHIN_MS) {
      const answer = await fetch(`${this.address}/api`).catch(() => undefined);
      await answer?.arrayBuffer();
      if (answer?.ok) return performance.now() - began;
      if (!this.running) return undefined;
      await sleep(ASK_AGAIN_MS);
    }
    throw new Error(`The server does not answer within ${START_WITHIN_MS / 1000} s: ${this.#said}`);
  }

  /** Rejects while the server is dead. */
  async call(
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answered> {
    const response = await fetch(`${this.address}${path}`, {
      method,
      headers: { 'x-octopus-apikey': this.key, 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(CALL_WITHIN_MS),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.startsWith('application/json') === true;
    return { status: response.status, body: isJson && text !== '' ? JSON.parse(text) : text };
  }

  /** Pushes a package to the built-in feed; one of the same name gives way. */
  async push(name: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const form = new FormData();
    form.append('file', new Blob([bytes]), name);
    const response = await fetch(`${this.address}/api/packages/raw?overwriteMode=OverwriteExisting`, {
      method: 'POST',
      headers: { 'x-octopus-apikey': this.key },
      body: form,
      signal: AbortSignal.timeout(CALL_WITHIN_MS),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`The package was refused (${response.status}): ${text}`);
  }

  /** Deploys, once, however often it is asked with the same key; resolves with the task's id. */
  async deploy(
    wish: { readonly releaseId: string; readonly environmentId: string },
    key: string = randomUUID(),
  ): Promise<string> {
    const { status, body } = await this.call(
      'POST',
      '/api/deployments',
      { ReleaseId: wish.releaseId, EnvironmentId: wish.environmentId },
      { 'idempotency-key': key },
    );
    if (status !== 201) throw new Error(`The deployment was refused (${status}): ${JSON.stringify(body)}`);
    return body.TaskId;
  }

  /** Reads a task's log as it comes, to the task's end. */
  async follow(task: string, onEvent: (event: LogEvent) => void = () => {}): Promise<FollowedTask> {
    const response = await fetch(`${this.address}/api/argonaut/tasks/${task}/log`, {
      headers: { 'x-octopus-apikey': this.key },
    });
    if (!response.ok || response.body === null) throw new Error(`The log answered ${response.status}.`);
    let rest = '';
    for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
      rest += text;
      for (let at = rest.indexOf('\n\n'); at >= 0; at = rest.indexOf('\n\n')) {
        const event = eventOf(rest.slice(0, at));
        rest = rest.slice(at + 2);
        if (event === undefined) continue;
        if (event.event === 'end') return { ...event.data, seenMs: Date.now() };
        onEvent(event);
      }
    }
    throw new Error(`The log of ${task} broke off before the task's end.`);
  }

  /** Resident memory of the process in MB (10^6 bytes). */
  async residentMegabytes(): Promise<number> {
    const status = await readFile(`/proc/${this.pid}/status`, 'utf8');
    return (Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1024) / 1e6;
  }

  /** Processor time of the process so far, in milliseconds; on a busy machine it says more than the clock. */
  async processorMs(): Promise<number> {
    const stat = await readFile(`/proc/${this.pid}/stat`, 'utf8');
    // proc(5): after the name in brackets, utime and stime are fields 14 and 15, in ticks of 10 ms.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) * 10;
  }

  async kill(): Promise<void> {
    if (this.running) this.#child?.kill('SIGKILL');
    await this.#exited;
  }

  /** As an administrator does it. */
  async stop(): Promise<void> {
    if (!this.running) return;
    this.#child?.kill('SIGTERM');
    const inTime = await Promise.race([this.#exited.then(() => true), sleep(STOP_WITHIN_MS, false)]);
    if (!inTime) throw new Error(`The server did not stop within ${STOP_WITHIN_MS / 1000} s: ${this.#said}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop().catch(() => this.kill());
    await rm(this.directory, { recursive: true, force: true });
  }
}

function eventOf(block: string): LogEvent | undefined {
  const event = /^event: (.*)$/m.exec(block)?.[1];
  const data = /^data: (.*)$/m.exec(block)?.[1];
  return event === undefined || data === undefined ? undefined : { event, data: JSON.parse(data) };
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('No free port can be found.');
  return address.port;
}
