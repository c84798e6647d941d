/**
 * `npm run soak -- <suite> --kills N [--seed S]`: long fault runs. Each kills the product N times, leads every task to
 * its end, checks all of them from outside, and writes what it found to docs/measurements/. The exit code is 1 when
 * anything was wrong.
 */
import { parseArgs } from 'node:util';
import { writeReport } from './report.ts';
import { Tally } from './tally.ts';

interface Suite {
  readonly what: string;
  /** The crash points that its processes pass. */
  readonly points: readonly string[];
  /** @param seed repeats the random choices; moments are those of the machine. */
  soak(tally: Tally, kills: number, seed: number): Promise<void>;
}

const KILLS_THAT_PASS_ALL = 100;

const SUITES: Readonly<Record<string, () => Promise<Suite>>> = {
  runner: () => import('./runner.ts'),
  server: () => import('./server.ts'),
  engine: () => import('./engine.ts'),
};

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    kills: { type: 'string', default: '20' },
    seed: { type: 'string' },
    'no-report': { type: 'boolean' },
  },
});
const suite = positionals[0] ?? '';
const kills = Number(values.kills);
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed);
const load = SUITES[suite];
if (load === undefined || !(kills > 0) || !Number.isSafeInteger(seed)) {
  process.stderr.write(
    `npm run soak -- <suite> --kills N [--seed S] [--no-report], where <suite> is one of: ${Object.keys(SUITES).join(', ')}\n`,
  );
  process.exit(2);
}

const { what, points, soak } = await load();
const tally = new Tally();
const began = new Date();
process.stderr.write(`soak ${suite}: ${kills} kills, seed ${seed}\n`);
await soak(tally, kills, seed);
const neverPassed = points.filter((point) => tally.passesOf(point) === 0);
if (values['no-report'] !== true) {
  const files = await writeReport({ suite, what, seed, began, tally, neverPassed });
  process.stdout.write(`${files.join('\n')}\n`);
}
process.stdout.write(
  `${tally.kills} kills, ${tally.tasks} tasks, ${tally.starts} starts, ${tally.streams} streams, ${tally.violations.length} violations\n`,
);
// A point that is never passed proves nothing, so a long run has to pass all; a short one may happen to miss some.
const missed = kills >= KILLS_THAT_PASS_ALL ? neverPassed : [];
if (missed.length > 0) process.stdout.write(`never passed: ${missed.join(', ')}\n`);
process.exitCode = tally.violations.length + missed.length === 0 ? 0 : 1;
