/** What a finished task has left on this machine: containers that the engine shows, and processes whether it shows them or not. */
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Engine } from '@argonaut/runner/ports';

/** Removal is off the critical path, but not for ever. */
export const PATIENCE_MS = 30_000;
const STEP_MS = 250;

/** Waits until nothing is left; after 30 s it returns what is. */
export async function leftAfterPatience(look: () => Promise<readonly string[]>): Promise<readonly string[]> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const left = await look();
    if (left.length === 0 || performance.now() > deadline) return left;
    await sleep(STEP_MS);
  }
}

/** Attempts and sandboxes of one server (for `argonaut run`: of one run). */
export async function containersOf(engine: Engine, server: string): Promise<readonly string[]> {
  const found = await engine.listContainers({ 'argonaut.server': server }, AbortSignal.timeout(20_000));
  return found.map(({ name, status }) => `container ${name} (${status})`);
}

/** Living processes with the word on their command line: also init in a container that its engine has forgotten. */
export async function processesWith(word: string): Promise<readonly string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  const found: string[] = [];
  for (const pid of pids) {
    const words = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (words.includes(word)) found.push(`process ${pid} (${words.replaceAll('\0', ' ').slice(0, 120)})`);
  }
  return found;
}
