/**
 * A private Docker daemon with live-restore, killed with SIGKILL at random moments (inside its calls, too) while `argonaut
 * run` works on it, and started again. Needs root and `dockerd`; the machine's own daemon is left alone.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from '../packages/orchestrator/test/random.ts';
import { canRunPrivateEngine, PrivateEngine } from '../packages/runner/test/private-engine.ts';
import { KilledRun } from './runner.ts';
import type { Tally } from './tally.ts';

export const what =
  'A Docker daemon with live-restore was killed with SIGKILL at random moments while `argonaut run` worked on it, and started again; some runs were interrupted (cancelled) as well.';

/** The daemon has no crash points of ours. */
export const points: readonly string[] = [];

const LONGEST_LIFE_MS = 3_000;
const LONGEST_DEATH_MS = 500;

export async function soak(tally: Tally, kills: number, seed: number): Promise<void> {
  if (!canRunPrivateEngine()) throw new Error('This needs root and the program dockerd (Debian: docker.io).');
  const daemon = await PrivateEngine.start({ liveRestore: true, images: ['argonaut-test/busybox:1'] });
  const engine = daemon.engine();
  const history: string[] = [];
  const over = new AbortController();
  const killing = killAgainAndAgain(daemon, tally, new Random(seed), history, over.signal);
  try {
    for (let nth = 0; tally.kills < kills; nth++) {
      history.length = 0;
      const one = new KilledRun(tally, engine, (seed + nth * 7_919) % 2 ** 31, {
        environment: { DOCKER_HOST: daemon.host },
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
    await daemon.close();
  }
}

async function killAgainAndAgain(
  daemon: PrivateEngine,
  tally: Tally,
  random: Random,
  history: string[],
  over: AbortSignal,
): Promise<void> {
  while (!over.aborted) {
    const life = random.below(LONGEST_LIFE_MS);
    await sleep(life, undefined, { signal: over }).catch(() => {});
    if (over.aborted) return;
    await daemon.kill();
    tally.killed('random moment', `${Math.floor(life / 500) * 500} ms of its life`);
    history.push(`${life} ms`);
    await sleep(random.below(LONGEST_DEATH_MS));
    await daemon.start();
  }
}
