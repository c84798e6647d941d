/** The worker's disk is full: the step waits, whoever follows it is told, and nothing is lost. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { AttemptEvent, AttemptNotice } from '@argonaut/contracts/attempt';
import { expect, test } from 'vitest';
import { Bench, gather } from './contract/bench.ts';
import { localPorts } from './contract/local-ports.ts';

const run = promisify(execFile);
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

test('a step whose log finds no room waits, says so once, and goes on with all of it', async () => {
  const bench = await Bench.open(localPorts);
  const attempts = `${bench.dataDirectory}/attempts`;
  await mkdir(attempts, { recursive: true });
  await run('mount', ['-t', 'tmpfs', '-o', 'size=4m,mode=711', 'tmpfs', attempts]);
  try {
    const spec = await bench.spec();
    await bench.stage(spec);
    await bench.open(spec.attempt, 'seq 1000000');
    const notices: AttemptNotice[] = [];
    async function* givingRoom(events: AsyncIterable<AttemptEvent>): AsyncIterable<AttemptEvent> {
      for await (const event of events) {
        yield event;
        if (event.type !== 'notice') continue;
        notices.push(event);
        await run('mount', ['-o', 'remount,size=64m', attempts]);
      }
    }
    const { stdout, confirmed } = await gather(givingRoom(bench.follow(spec.attempt)));
    expect(notices).toEqual([
      { type: 'notice', level: 'Warning', message: expect.stringContaining(`disk is full`) },
    ]);
    expect(notices[0]?.message).toContain(attempts);
    expect(confirmed).toMatchObject({ result: 'Succeeded', logBytes: 6_888_896 });
    const whole = await run('seq', ['1000000'], { encoding: 'buffer', maxBuffer: 1 << 24 });
    expect(sha256(stdout)).toBe(sha256(whole.stdout));
    await bench.finish(spec.attempt);
    await bench.runner.settled();
  } finally {
    await run('umount', ['-l', attempts]);
    await bench.close();
  }
});
