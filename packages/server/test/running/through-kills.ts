/** Asks a server that may be killed at any moment, starts it again when it was, and looks at what it has stored. */
import { createHash, randomUUID } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Engine } from '@argonaut/runner/ports';
import { expect } from 'vitest';
import type { Answered, KillableServer } from './killable-server.ts';
import type { Made } from './project-under-test.ts';

export const TASK_DEADLINE_MS = 120_000;
/** How long what is left over may stay. */
const LEFT = { timeout: 30_000, interval: 250 };
/** Network sandboxes that a living worker keeps ready. */
const POOL_SIZE = 2;

/** The answer of a server that lives: whatever is asked must be the same when it is asked twice. */
export async function ask(
  server: KillableServer,
  method: string,
  path: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answered> {
  for (;;) {
    if (!server.running) await server.start();
    try {
      return await server.call(method, path, body, headers);
    } catch (error) {
      if (!(await server.isDead())) throw error;
    }
  }
}

/** The task of a deployment, started once, whenever the server died. */
export async function deploy(server: KillableServer, { releaseId, environmentId }: Made): Promise<string> {
  const wish = { ReleaseId: releaseId, EnvironmentId: environmentId };
  const key = { 'idempotency-key': randomUUID() };
  const { status, body } = await ask(server, 'POST', '/api/deployments', wish, key);
  expect(status, JSON.stringify(body)).toBe(201);
  return body.TaskId;
}

// biome-ignore lint/suspicious/noExplicitAny: the tests look into answers of every shape.
export async function taskWhen(server: KillableServer, id: string, is: (task: any) => boolean): Promise<any> {
  for (const end = Date.now() + TASK_DEADLINE_MS; ; await sleep(20)) {
    const { body } = await ask(server, 'GET', `/api/tasks/${id}`);
    if (is(body)) return body;
    if (Date.now() < end) continue;
    const raw = await ask(server, 'GET', `/api/tasks/${id}/raw`);
    throw new Error(`${id} did not come to that:\n${raw.body}\n${server.troubles}`);
  }
}

export const isOver = (task: { IsCompleted: boolean }): boolean => task.IsCompleted;

/** What each program wrote, as stored: by the step's name (all its attempts in one) or by the attempt, and the stream. */
export async function storedStreams(
  server: KillableServer,
  task: string,
  by: 'step' | 'attempt' = 'step',
): Promise<Record<string, string>> {
  const { body } = await ask(server, 'GET', `/api/argonaut/tasks/${task}/log`);
  const names = new Map<string, string>();
  const parents = new Map<string, string>();
  const streams: Record<string, string> = {};
  for (const block of String(body).split('\n\n')) {
    const data = /^data: (.*)$/m.exec(block)?.[1];
    if (data === undefined) continue;
    const event = JSON.parse(data);
    if (block.includes('event: activity')) {
      names.set(event.activity, event.name);
      parents.set(event.activity, event.parent);
    }
    if (!block.includes('event: text') || event.source === 'server') continue;
    const step = names.get(parents.get(event.activity) ?? '') ?? event.activity;
    const whose = by === 'step' ? step.replace(/^Step \S+ /, '') : event.activity;
    const key = `${whose} ${event.source}`;
    streams[key] = (streams[key] ?? '') + (event.text ?? Buffer.from(event.base64, 'base64').toString());
  }
  return streams;
}

/** Evenly spread and repeatable: one of `count` by seed and subject, counted from 0. */
export function drawn(seed: number, subject: string, count: number): number {
  return createHash('sha256').update(`${seed} ${subject}`).digest().readUInt32LE(0) % count;
}

/** No container, no attempt directory, no entry of a journal, no lease. Stops the server. */
export async function expectNothingLeft(server: KillableServer, engine: Engine): Promise<void> {
  const containers = () =>
    engine.listContainers({ 'argonaut.data': join(server.directory, 'worker') }, AbortSignal.timeout(20_000));
  await server.kill();
  const left = new Set((await containers()).map(({ name }) => name));
  await server.start();
  // What dead servers left is removed in the background; only the pool of the living one stays.
  await expect
    .poll(
      async () =>
        (await containers()).filter(
          ({ name, labels }) => left.has(name) || labels['argonaut.role'] !== 'sandbox',
        ),
      LEFT,
    )
    .toEqual([]);
  await expect.poll(async () => (await containers()).length, LEFT).toBeLessThanOrEqual(POOL_SIZE);
  await server.stop();
  expect(await containers()).toEqual([]);
  expect(await readdir(join(server.directory, 'worker', 'attempts'))).toEqual([]);
  using database = new DatabaseSync(join(server.directory, 'argonaut.db'));
  const rows = (sql: string) => database.prepare(sql).all();
  expect(rows('select attempt from attempt_journal')).toEqual([]);
  expect(rows('select * from worker_leases')).toEqual([]);
  expect(rows('select * from task_events')).toEqual([]);
  expect(rows("select task from queue where state <> 'done'")).toEqual([]);
  expect(rows("select kind, id from run_entries where kind in ('order', 'timer', 'cursor')")).toEqual([]);
}
