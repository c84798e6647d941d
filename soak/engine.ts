/**
 * A private Docker daemon with live-restore, killed with SIGKILL while `argonaut run` works on it, and started again: at
 * random moments, and inside calls that create, start or remove a container. Needs root and `dockerd`; the machine's own
 * daemon is left alone.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from '../packages/orchestrator/test/random.ts';
import { canRunPrivateEngine, PrivateEngine } from '../packages/runner/test/private-engine.ts';
import { KilledRun } from './runner.ts';
import type { Tally } from './tally.ts';
import { CONTAINER_CALLS, type WatchedSocket, watchSocket } from './watched-socket.ts';

export const what =
  'A Docker daemon with live-restore was killed with SIGKILL at random moments and inside calls that create, start and remove containers, while `argonaut run` worked on it, and started again; some runs were interrupted (cancelled) as well.';

/** The daemon has no crash points of ours. */
export const points: readonly string[] = [];

const LONGEST_LIFE_MS = 3_000;
const LONGEST_DEATH_MS = 500;
/** How long a call is waited for. */
const CALL_MS = 10_000;
/** How far into a call it is killed at most: calls take 1 to 50 ms. */
const LONGEST_INTO_CALL_MS = 30;

export async function soak(tally: Tally, kills: number, seed: number): Promise<void> {
  if (!canRunPrivateEngine()) throw new Error('This needs root and the program dockerd (Debian: docker.io).');
  const daemon = await PrivateEngine.start({ liveRestore: true, images: ['argonaut-test/busybox:1'] });
  const folder = await mkdtemp(join(tmpdir(), 'argonaut-soak-'));
  const socket = await watchSocket(daemon.host.replace('unix://', ''), join(folder, 'docker.sock'));
  const engine = daemon.engine();
  const history: string[] = [];
  const over = new AbortController();
  const killing = killAgainAndAgain(daemon, socket, tally, new Random(seed), history, over.signal);
  try {
    for (let nth = 0; tally.kills < kills; nth++) {
      history.length = 0;
      const one = new KilledRun(tally, engine, (seed + nth * 7_919) % 2 ** 31, {
        environment: { DOCKER_HOST: socket.host },
        history,
      });
      await one.play(0);
      process.stderr.write(
        `${tally.kills} kills, ${tally.tasks} runs, ${tally.violations.length} violations\n`,
      );
    }
  } finally {
    over.abort();
    await killing;
    await engine.close();
    await socket[Symbol.asyncDispose]();
    await daemon.close();
    await rm(folder, { recursive: true });
  }
}

async function killAgainAndAgain(
  daemon: PrivateEngine,
  socket: WatchedSocket,
  tally: Tally,
  random: Random,
  history: string[],
  over: AbortSignal,
): Promise<void> {
  while (!over.aborted) {
    const where = await (random.below(2) === 0 ? someMoment(random, over) : insideCall(socket, random, over));
    if (over.aborted) return;
    if (where === undefined) continue;
    await daemon.kill();
    tally.killed(where.kind, where.place);
    history.push(where.place);
    await sleep(random.below(LONGEST_DEATH_MS));
    await daemon.start();
  }
}

interface Where {
  readonly kind: string;
  readonly place: string;
}

async function someMoment(random: Random, over: AbortSignal): Promise<Where> {
  const life = random.below(LONGEST_LIFE_MS);
  await sleep(life, undefined, { signal: over }).catch(() => {});
  return { kind: 'random moment', place: `${Math.floor(life / 500) * 500} ms of its life` };
}

/** Undefined when there was no such call, or when it had been answered by then. */
async function insideCall(
  socket: WatchedSocket,
  random: Random,
  over: AbortSignal,
): Promise<Where | undefined> {
  const call = CONTAINER_CALLS[random.below(CONTAINER_CALLS.length)] ?? 'start';
  const patience = AbortSignal.any([over, AbortSignal.timeout(CALL_MS)]);
  const answered = await socket.next(call, patience).catch(() => undefined);
  if (answered === undefined) return undefined;
  await sleep(random.below(LONGEST_INTO_CALL_MS));
  return answered.aborted ? undefined : { kind: 'inside a call', place: `the beginning of a ${call} call` };
}
