/** What can happen to a connection in the middle of a step: the step does not notice, and we miss nothing. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Bench, gather, patience, type RunOptions } from '../../runner/test/contract/bench.ts';
import { faultOf } from '../src/index.ts';
import { OwnSshd } from './own-sshd.ts';
import { engineSocket, openSshPorts } from './ports.ts';

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Prints 400 numbered lines in about four seconds, and how often it was started goes to the ledger. */
const chatty = (ledger: string) =>
  `echo x >> ${ledger}/starts; i=0; while [ $i -lt 400 ]; do echo "line $i"; i=$((i+1)); sleep 0.01; done; exit 7`;
const everyLine = Buffer.from(Array.from({ length: 400 }, (_, index) => `line ${index}\n`).join(''));

describe('a step behind SSH', () => {
  let sshd: OwnSshd;
  let bench: Bench;
  beforeAll(async () => {
    sshd = await OwnSshd.make();
    await sshd.start();
    const description = await sshd.describe();
    bench = await Bench.open(() => openSshPorts(description));
  });
  afterAll(async () => {
    await bench?.close();
    await sshd?.remove();
  });

  const places: readonly (readonly [string, (ledger: string) => RunOptions, string | undefined])[] = [
    [
      'in a container',
      (ledger) => ({ place: { docker: { Mounts: [{ Type: 'bind', Source: ledger, Target: '/ledger' }] } } }),
      '/ledger',
    ],
    ['as a plain process', () => ({ spec: { place: { kind: 'host' }, interpreters: ['sh'] } }), undefined],
  ];

  let ledgers = 0;
  /** Outside of the product: starts are counted there by the script itself. */
  async function makeLedger() {
    const directory = `${bench.dataDirectory}/ledger-${ledgers++}`;
    await mkdir(directory, { mode: 0o777 });
    const starts = async () => (await readFile(`${directory}/starts`, 'utf8')).split('\n').length - 1;
    return { directory, starts };
  }

  async function startChatty(options: (ledger: string) => RunOptions, mounted: string | undefined) {
    const { directory, starts } = await makeLedger();
    const spec = await bench.spec(options(directory));
    await bench.stage(spec);
    await bench.open(spec.attempt, chatty(mounted ?? directory));
    return { attempt: spec.attempt, starts };
  }

  describe.each(places)('%s', (_place, options, mounted) => {
    it('goes on while sshd is killed and comes back, and every byte is told once', async () => {
      const { attempt, starts } = await startChatty(options, mounted);
      const telling = gather(bench.follow(attempt));
      await new Promise((resume) => setTimeout(resume, 1_000));
      await sshd.kill();
      await new Promise((resume) => setTimeout(resume, 500));
      await sshd.start();
      const { stdout, confirmed } = await telling;
      expect(sha256(stdout)).toBe(sha256(everyLine));
      expect(confirmed).toMatchObject({ result: 'Failed', cause: 'exited', exitCode: 7 });
      await bench.finish(attempt);
      expect(await starts()).toBe(1);
    });

    it('is told to its end when sshd was away at its end', async () => {
      const { attempt, starts } = await startChatty(options, mounted);
      const telling = gather(bench.follow(attempt));
      await new Promise((resume) => setTimeout(resume, 500));
      await sshd.kill();
      await new Promise((resume) => setTimeout(resume, 7_000));
      await sshd.start();
      const { stdout, confirmed } = await telling;
      expect(sha256(stdout)).toBe(sha256(everyLine));
      expect(confirmed).toMatchObject({ result: 'Failed', cause: 'exited', exitCode: 7 });
      await bench.finish(attempt);
      expect(await starts()).toBe(1);
    });

    it('goes on while the runner is killed, and another runner tells the rest', async () => {
      const { directory, starts } = await makeLedger();
      const spec = await bench.spec(options(directory));
      const job = {
        sshd: await sshd.describe(),
        engineSocket,
        server: bench.server,
        dataDirectory: bench.dataDirectory,
        spec,
        script: chatty(mounted ?? directory),
      };
      await writeFile(`${directory}/job.json`, JSON.stringify(job), { mode: 0o600 });
      const child = spawn(
        process.execPath,
        [join(import.meta.dirname, 'victim.ts'), `${directory}/job.json`],
        {
          stdio: ['ignore', 'pipe', 'inherit'],
        },
      );
      await once(child.stdout, 'data');
      child.kill('SIGKILL');
      await once(child, 'exit');
      await bench.restart();
      const { stdout, confirmed } = await bench.told(spec.attempt);
      expect(sha256(stdout)).toBe(sha256(everyLine));
      expect(confirmed).toMatchObject({ result: 'Failed', cause: 'exited', exitCode: 7 });
      await bench.finish(spec.attempt);
      expect(await starts()).toBe(1);
    });
  });

  it('is found again when the network swallows everything', { timeout: 120_000 }, async () => {
    const [, options, mounted] = places[0] ?? [];
    if (!options) throw new Error('no place');
    const { attempt } = await startChatty(options, mounted);
    const telling = gather(bench.follow(attempt));
    await new Promise((resume) => setTimeout(resume, 500));
    // Three pings are missed; then there is another connection.
    await sshd.freezeConnections();
    const { stdout, confirmed } = await telling;
    expect(sha256(stdout)).toBe(sha256(everyLine));
    expect(confirmed.exitCode).toBe(7);
    await bench.finish(attempt);
  });

  it('leaves no container behind', async () => {
    await bench.runner.settled();
    expect(await bench.attemptContainers()).toEqual([]);
  });
});

describe('a worker that comes back with another host key', () => {
  it('is not spoken to again', async () => {
    const sshd = await OwnSshd.make();
    try {
      await sshd.start();
      const description = await sshd.describe();
      const ports = await openSshPorts(description);
      expect(ports.worker.isOver()).toBe(false);
      await sshd.kill();
      await sshd.makeKey('host-ed25519', 'ed25519');
      await sshd.start();
      const refused = await ports.files.stat('/tmp', patience()).catch((error: unknown) => error);
      expect(faultOf(refused)).toBe('host-key-changed');
      expect(String(refused)).toContain(description.hostKey);
      // Final: there is no second try that could be answered by somebody else.
      expect(await ports.files.stat('/tmp', patience()).catch((error: unknown) => error)).toBe(refused);
      // Whoever keeps connections learns that it takes another one.
      expect(ports.worker.isOver()).toBe(true);
      await ports.close();
    } finally {
      await sshd.remove();
    }
  });
});
