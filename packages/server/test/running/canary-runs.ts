/** Waiting for the tasks of the sweep: until a step holds, until a person is asked, until it is over. */
import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { KillableServer } from './killable-server.ts';

/** A machine that is busy with other work is waited for. */
const DEADLINE_MS = 180_000;

export const docker = async (...words: string[]): Promise<string> =>
  (await promisify(execFile)('docker', words, { timeout: 60_000 })).stdout.trim();

/** Asks until there is an answer; rejects with the log when the task ends before. */
async function waitFor<T>(
  server: KillableServer,
  task: string,
  look: (raw: string) => Promise<T | undefined> | T | undefined,
): Promise<T> {
  const end = Date.now() + DEADLINE_MS;
  for (;;) {
    const { body } = await server.call('GET', `/api/tasks/${task}`);
    const { body: raw } = await server.call('GET', `/api/tasks/${task}/raw`);
    const found = await look(String(raw));
    if (found !== undefined) return found;
    if (body.IsCompleted || Date.now() > end) throw new Error(`${task} does not come so far: ${raw}`);
    await sleep(200);
  }
}

/** The container of the step that is the `count`th to say that it is holding. */
export async function holding(server: KillableServer, task: string, count: number): Promise<string> {
  await waitFor(server, task, (raw) => raw.match(/\| +holding$/gm)?.length === count || undefined);
  const filters = ['--filter', `label=argonaut.task=${task}`, '--filter', 'label=argonaut.role=attempt'];
  for (const id of (await docker('ps', '--quiet', ...filters)).split('\n')) {
    const held = await docker('exec', id, 'test', '-e', '/tmp/holding').then(
      () => true,
      () => false,
    );
    if (held) return id;
  }
  throw new Error('The container that holds was not found.');
}

/** What a person is asked. */
// biome-ignore lint/suspicious/noExplicitAny: the tests look into answers of every shape.
export function question(server: KillableServer, task: string): Promise<any> {
  const path = `/api/interruptions?regarding=${task}&pendingOnly=true`;
  return waitFor(server, task, async () => (await server.call('GET', path)).body.Items[0]);
}

export async function over(
  server: KillableServer,
  task: string,
): Promise<{ readonly State: string; readonly raw: string }> {
  const State = await waitFor(server, task, async () => {
    const { body } = await server.call('GET', `/api/tasks/${task}`);
    return body.IsCompleted ? (body.State as string) : undefined;
  });
  return { State, raw: (await server.call('GET', `/api/tasks/${task}/raw`)).body };
}
