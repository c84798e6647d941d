/**
 * `argonaut run` is killed with SIGKILL at its crash points, and resumed. However it went: every step was started exactly
 * once (counted in a ledger outside the product), every stream is stored as it was written, the result is the true one,
 * and nothing is left on the engine.
 *
 * Points and passes are drawn by a seed, new each run; `ARGONAUT_SEED` repeats one, `ARGONAUT_EVERY_CRASH=1` takes all.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crashPoints } from '@argonaut/runner';
import { createDockerEngine, endpointFromDockerHost } from '@argonaut/runner/docker';
import { executionCrashPoints, FileRunStore } from '@argonaut/server/execution';
import { hashStreams } from '@argonaut/server/tasklog';
import { afterAll, expect, test } from 'vitest';
import { Desk, type Ended } from './command-under-test.ts';

const engine = createDockerEngine(endpointFromDockerHost(process.env.DOCKER_HOST));
afterAll(() => engine.close());

const seed = Number(process.env.ARGONAUT_SEED ?? Math.floor(Math.random() * 2 ** 31));
const every = process.env.ARGONAUT_EVERY_CRASH === '1';
/** Passes of each point that are tried when not all are. */
const SAMPLE = 1;

/** Steps shorter than 100 ms, two of them side by side, one that fails, so that staged ones are discarded. */
const process_ = (ledger: string): string => {
  const step = (name: string, rest = '', script = ''): string => `
  - name: ${name}
    image: argonaut-test/busybox:1
    network: none
    volumes: ["${ledger}:/ledger"]${rest}
    run: |
      echo x >> /ledger/${name}
      echo "${name} says this"; echo "${name} complains" >&2${script}
`;
  return `steps:${step('one')}${step('two')}${step('beside', '\n    parallel: true')}${step(
    'three',
    '',
    '; exit 3',
  )}${step('never')}${step('always', '\n    when: always')}`;
};
const STARTED = ['always', 'beside', 'one', 'three', 'two'];

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

async function checkTheWholeStory(desk: Desk, { end, out, err }: Ended): Promise<void> {
  expect(end, out + err).toBe(10);
  expect(await desk.starts()).toEqual(Object.fromEntries(STARTED.map((name) => [name, 1])));
  const [run = ''] = await desk.runs();
  await using store = new FileRunStore(join(desk.directory, 'data', 'runs'));
  await using log = await store.log(run);
  if (log === undefined) throw new Error('Nothing was logged.');
  const hashes = (await hashStreams(log)).map(({ stream, sha256: hash }) => `${stream} ${hash}`);
  const written = STARTED.flatMap((name) => [
    `stdout ${sha256(`${name} says this\n`)}`,
    `stderr ${sha256(`${name} complains\n`)}`,
  ]);
  expect(hashes.toSorted()).toEqual(written.toSorted());
  const left = await engine.listContainers({ 'argonaut.server': run }, AbortSignal.timeout(20_000));
  expect(left).toEqual([]);
}

/** How often each point is passed in a run that nobody kills. */
async function countPasses(): Promise<Map<string, number>> {
  await using desk = await Desk.make();
  const log = join(desk.directory, 'points');
  const file = await desk.file(process_(desk.ledger));
  await checkTheWholeStory(desk, await desk.run([file], { ARGONAUT_CRASH_LOG: log }));
  const counts = new Map<string, number>();
  for (const point of (await readFile(log, 'utf8')).trim().split('\n')) {
    counts.set(point, (counts.get(point) ?? 0) + 1);
  }
  return counts;
}

/** Evenly spread and repeatable: the n-th choice of this seed. */
function chosen(count: number, nth: number): number {
  const digest = createHash('sha256').update(`${seed} ${nth}`).digest();
  return 1 + (digest.readUInt32LE(0) % count);
}

test(`killed at its crash points and resumed (ARGONAUT_SEED=${seed})`, { timeout: 1_800_000 }, async () => {
  const passes = await countPasses();
  const own = executionCrashPoints.filter((point) => !passes.has(point));
  expect(own, 'points of the shell that this process never passes').toEqual([]);
  let nth = 0;
  let kills = 0;
  for (const [point, count] of passes) {
    const all = Array.from({ length: count }, (_, index) => index + 1);
    const drawn = Array.from({ length: SAMPLE }, () => chosen(count, ++nth));
    for (const pass of every ? all : new Set(drawn)) {
      await using desk = await Desk.make();
      const file = await desk.file(process_(desk.ledger));
      const first = await desk.run([file], { ARGONAUT_CRASH_AT: `${point}:${pass}` });
      const where = `killed at ${point}:${pass}`;
      // Side by side, steps may pass a point less often than they did when the passes were counted.
      if (first.end !== 'SIGKILL') {
        await checkTheWholeStory(desk, first);
        continue;
      }
      kills += 1;
      const [run = ''] = await desk.runs();
      const store = new FileRunStore(join(desk.directory, 'data', 'runs'));
      const over = (await store.read(run)).completion !== undefined;
      const second = await desk.run(['--resume', run]);
      expect(second.out, where).toContain(over ? 'failed after' : 'Resuming');
      await checkTheWholeStory(desk, second);
    }
  }
  console.log(`killed ${kills} times at ${passes.size} points`);
  expect(kills).toBeGreaterThan(passes.size / 2);
  expect([...passes.keys()].some((point) => (crashPoints as readonly string[]).includes(point))).toBe(true);
});
