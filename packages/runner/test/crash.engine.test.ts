/**
 * Kills a caller of the runner at every crash point, at the first, second, … time that it is passed until it is not passed
 * any more, and lets another one go on. However it went: started at most once (counted outside the product), every byte
 * told once, the true outcome, nothing left.
 */
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createDockerEngine, endpointFromDockerHost } from '../src/docker/index.ts';
import { type CrashPoint, crashPoints } from '../src/index.ts';
import { patience } from './contract/bench.ts';
import { attemptOf, type CrashRecord, scenarios } from './crash/scenarios.ts';
import { randomFrom } from './random.ts';

const driver = join(import.meta.dirname, 'crash/driver.ts');
const engine = createDockerEngine(endpointFromDockerHost(process.env.DOCKER_HOST));
/** Repeat a run with ARGONAUT_SEED=<the printed number>. */
const seed = Number(process.env.ARGONAUT_SEED ?? Date.now() % 1_000_000);
const kills = Number(process.env.ARGONAUT_KILLS ?? 6);
/** More passes of one point than any scenario has would mean that it never ends. */
const mostPasses = 12;

interface Ended {
  readonly killed: boolean;
  readonly code: number | null;
  readonly said: string;
}

/** `crashAt`: the crash point and the pass; `killAfterMs`: at that moment, wherever it is then. */
async function drive(
  directory: string,
  scenario: string,
  { crashAt, killAfterMs }: { readonly crashAt?: string; readonly killAfterMs?: number } = {},
): Promise<Ended> {
  const child = spawn(process.execPath, [driver, directory, scenario], {
    env: { ...process.env, ...(crashAt === undefined ? {} : { ARGONAUT_CRASH_AT: crashAt }) },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 90_000,
  });
  const parts: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => parts.push(part));
  const killing =
    killAfterMs === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfterMs);
  return new Promise((resolve) => {
    child.on('close', (code, signal) => {
      clearTimeout(killing);
      resolve({ killed: signal === 'SIGKILL', code, said: Buffer.concat(parts).toString() });
    });
  });
}

/** Killed at the point (if it is passed so often), then led to its end by a second driver. False: not passed. */
async function killAndRecover(scenario: string, point: CrashPoint, pass: number): Promise<boolean> {
  const directory = await mkdtemp('/tmp/argonaut-crash-');
  await mkdir(`${directory}/ledger`);
  try {
    const first = await drive(directory, scenario, { crashAt: `${point}:${pass}` });
    if (!first.killed) {
      expect(first, first.said).toMatchObject({ code: 0 });
      return false;
    }
    const second = await drive(directory, scenario);
    expect(second, second.said).toMatchObject({ code: 0 });
    await check(directory, scenario);
    return true;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function check(directory: string, name: string): Promise<void> {
  const scenario = scenarios[name];
  for (const index of scenario?.places.keys() ?? []) {
    const attempt = attemptOf(directory, index);
    const record = JSON.parse(await readFile(`${directory}/${attempt}.json`, 'utf8')) as CrashRecord;
    const ledger = await readFile(`${directory}/ledger/${attempt}`, 'utf8').catch(() => '');
    const starts = ledger.split('\n').length - 1;
    const expected = scenario?.expected;
    if (expected?.starts === 'at most one') expect(starts).toBeLessThanOrEqual(1);
    else expect(starts).toBe(expected?.starts);
    if (expected?.output !== undefined) expect(record.output).toBe(expected.output);
    expect(record.finished).toBe(true);
    if (expected && expected.results.length > 0) expect(expected.results).toContain(record.outcome?.result);
  }
  const label = { 'argonaut.server': `crash-${directory.slice(-8)}` };
  expect(await engine.listContainers(label, patience())).toEqual([]);
  expect(await readdir(`${directory}/attempts`)).toEqual([]);
  expect(await readdir(`${directory}/journal`)).toEqual([]);
}

describe('a runner that is killed', () => {
  const passed = new Set<CrashPoint>();
  afterAll(() => engine.close());

  it(`again and again, at random moments, tells a long step exactly (seed ${seed}, ${kills} kills)`, {
    timeout: 60_000 + kills * 20_000,
  }, async () => {
    const random = randomFrom(seed);
    const directory = await mkdtemp('/tmp/argonaut-crash-');
    await mkdir(`${directory}/ledger`);
    try {
      for (let kill = 0; kill < kills; kill++) {
        const ended = await drive(directory, 'long', { killAfterMs: 300 + random() * 900 });
        if (!ended.killed) expect(ended, ended.said).toMatchObject({ code: 0 });
      }
      const last = await drive(directory, 'long');
      expect(last, last.said).toMatchObject({ code: 0 });
      await check(directory, 'long');
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });

  describe.each(Object.keys(scenarios).filter((scenario) => scenario !== 'long'))(
    'in scenario "%s"',
    (scenario) => {
      it.each(pointsOf(scenario))(
        'at %s goes on as if nothing had happened',
        { timeout: 240_000 },
        async (point) => {
          for (let pass = 1; pass <= mostPasses; pass++) {
            if (!(await killAndRecover(scenario, point, pass))) return;
            passed.add(point);
          }
          throw new Error(`${point} is passed more than ${mostPasses} times`);
        },
      );
    },
  );

  it('was killed at every point there is', () => {
    expect(crashPoints.filter((point) => !passed.has(point))).toEqual([]);
  });
});

/** Points of other scenarios are passed there; here they would cost time and show nothing new. */
function pointsOf(scenario: string): readonly CrashPoint[] {
  if (scenario === 'cancel') return crashPoints.filter((point) => point.startsWith('cancel.'));
  // What services add: containers that are made, opened, ended and removed beside the step's.
  if (scenario === 'services') {
    return crashPoints.filter((point) =>
      /^(stage\.after-(create|start|staged)|open\.|follow\.after-ended|removal\.begun)/.test(point),
    );
  }
  if (scenario === 'discard') {
    return crashPoints.filter((point) => point.startsWith('discard.') || point.startsWith('removal.'));
  }
  return crashPoints.filter((point) => !point.startsWith('cancel.') && !point.startsWith('discard.'));
}
