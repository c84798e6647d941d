/**
 * The Docker daemon is killed: while steps wait, run and end, and in the middle of calls. What an engine then shows is not
 * always what is there, so starts are counted and processes looked for outside of it.
 */
import { readdir, readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLocalFiles, createLocalProcesses } from '../src/local/index.ts';
import { Bench, eventually, type OpenPorts, patience } from './contract/bench.ts';
import { canRunPrivateEngine, PrivateEngine } from './private-engine.ts';
import { randomFrom } from './random.ts';

/** Repeat a run with ARGONAUT_SEED=<the printed number>. */
const seed = Number(process.env.ARGONAUT_SEED ?? Date.now() % 1_000_000);
const kills = Number(process.env.ARGONAUT_KILLS ?? 6);

/** Living init processes of an attempt, whatever an engine says of their containers. */
async function inits(attempt: string): Promise<number[]> {
  const found: number[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const words = (await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '')).split('\0');
    if (words.includes(`attempt=${attempt}`) && words[0]?.endsWith('argonaut-init')) found.push(Number(name));
  }
  return found;
}

const portsOf =
  (daemon: PrivateEngine): OpenPorts =>
  async () => {
    const files = createLocalFiles();
    return {
      engine: daemon.engine(),
      files,
      processes: createLocalProcesses({ path: process.env.PATH ?? '' }),
      close: async () => files[Symbol.asyncDispose](),
    };
  };

const images = ['argonaut-test/busybox:1'];

describe.skipIf(!canRunPrivateEngine())('a Docker daemon with live-restore that is killed', () => {
  let daemon: PrivateEngine;
  let bench: Bench;
  beforeAll(async () => {
    daemon = await PrivateEngine.start({ liveRestore: true, images });
    bench = await Bench.open(portsOf(daemon), { poolSize: 0 });
  });
  afterAll(async () => {
    await bench?.close();
    await daemon?.close();
  });

  it('disturbs no step: running, opened while it is dead, or ended while it is dead', async () => {
    const ledger = await bench.ledger();
    const place = ledger.place ?? {};
    const long = await bench.spec({ place });
    const short = await bench.spec({ place });
    const waiting = await bench.spec({ place });
    for (const spec of [long, short, waiting]) await bench.stage(spec);
    const lines =
      'echo x >> /ledger/starts; i=0; while [ $i -lt 300 ]; do echo "line $i"; sleep 0.01; i=$((i+1)); done; exit 7';
    await bench.open(long.attempt, lines);
    await bench.open(short.attempt, 'echo x >> /ledger/starts; sleep 0.3; echo short; exit 9');
    const told = [long, short].map(({ attempt }) => bench.told(attempt));
    await daemon.kill();
    await bench.open(waiting.attempt, 'echo x >> /ledger/starts; echo late; exit 5');
    const late = bench.told(waiting.attempt);
    await new Promise((resume) => setTimeout(resume, 600));
    await daemon.start();
    const [first, second] = await Promise.all(told);
    expect(first?.stdout.toString()).toBe(Array.from({ length: 300 }, (_, i) => `line ${i}\n`).join(''));
    expect(first?.confirmed).toMatchObject({ cause: 'exited', exitCode: 7 });
    expect(second?.confirmed).toMatchObject({ cause: 'exited', exitCode: 9 });
    expect((await late).stdout.toString()).toBe('late\n');
    expect((await late).confirmed).toMatchObject({ cause: 'exited', exitCode: 5 });
    expect(await ledger.count()).toBe(3);
    for (const { attempt } of [long, short, waiting]) await bench.finish(attempt);
    await bench.runner.settled();
    expect(await bench.attemptContainers()).toEqual([]);
  });

  it(`starts at most once and leaves nothing when it is killed inside calls (seed ${seed}, ${kills} kills)`, {
    timeout: 60_000 + kills * 30_000,
  }, async () => {
    const random = randomFrom(seed);
    for (let kill = 0; kill < kills; kill++) {
      const ledger = await bench.ledger();
      const spec = await bench.spec({ place: ledger.place ?? {} });
      // Create, start and the first removal all lie within the first 300 ms.
      const delayMs = Math.floor(random() * 300);
      const staging = bench.stage(spec).then(
        () => true,
        () => false,
      );
      await new Promise((resume) => setTimeout(resume, delayMs));
      await daemon.kill();
      const staged = await staging;
      await daemon.start();
      if (!staged) await bench.stage(spec);
      await bench.open(spec.attempt, 'echo x >> /ledger/starts; echo told; exit 3');
      const told = await bench.told(spec.attempt);
      const about = `kill ${kill} after ${delayMs} ms, ${staged ? 'staged' : 'not staged'}`;
      expect(told.stdout.toString(), about).toBe('told\n');
      expect(told.confirmed, about).toMatchObject({ cause: 'exited', exitCode: 3 });
      await bench.finish(spec.attempt);
      await bench.runner.settled();
      expect(await ledger.count(), about).toBe(1);
      await eventually(
        `no init is left (${about})`,
        async () => (await inits(spec.attempt)).length === 0,
        30_000,
      );
    }
    expect(await bench.attemptContainers()).toEqual([]);
  });
});

describe.skipIf(!canRunPrivateEngine())('a Docker daemon without live-restore that comes back', () => {
  let daemon: PrivateEngine;
  let bench: Bench;
  beforeAll(async () => {
    daemon = await PrivateEngine.start({ liveRestore: false, images });
    bench = await Bench.open(portsOf(daemon), { poolSize: 0 });
  });
  afterAll(async () => {
    await bench?.close();
    await daemon?.close();
  });

  it('ends the steps, and the outcome says that it was the engine and nobody cancelled', async () => {
    expect((await bench.runner.describe(patience())).warnings.join()).toMatch(/live-restore/);
    const attempt = await bench.running('trap "exit 143" TERM; echo ready; while :; do sleep 0.1; done');
    const told = bench.told(attempt);
    await daemon.kill();
    await daemon.start();
    const { confirmed, stdout } = await told;
    expect(stdout.toString()).toBe('ready\n');
    expect(confirmed).toMatchObject({ result: 'Failed', cause: 'ended-by-engine', infrastructure: true });
    expect(confirmed.message).toMatch(/live-restore/);
    await bench.finish(attempt);
  });
});
