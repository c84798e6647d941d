/**
 * What a server costs that has nothing to do: the time from the start of its process to the first answered request, and
 * its resident memory ten seconds later. The first start is a first start indeed (an empty data directory); the others find
 * what it made.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { print, report, row } from './report.ts';
import { ServerUnderTest } from './server-under-test.ts';

const STARTS = 9;
const IDLE_MS = 10_000;

const first: number[] = [];
const starts: number[] = [];
const memory: number[] = [];
const processor: number[] = [];
let answers = 0;

for (let nth = 0; nth < 2; nth++) {
  await using server = await ServerUnderTest.create();
  for (let start = 0; start < Math.ceil(STARTS / 2); start++) {
    const ms = await server.start();
    if (ms === undefined) throw new Error(`The server ended: ${server.said}`);
    processor.push(await server.processorMs());
    (start === 0 ? first : starts).push(ms);
    await sleep(IDLE_MS);
    memory.push(await server.residentMegabytes());
    if ((await server.call('GET', '/api/users/me')).status === 200) answers += 1;
    await server.stop();
  }
}

print(
  report(
    'idle',
    memory.length,
    [
      row('start of the process to the first answer, empty data directory', first, 'ms', 1_500),
      row('start of the process to the first answer, later starts', starts, 'ms', 1_500),
      row('processor time of the process to the first answer', processor, 'ms'),
      row('resident memory after 10 s', memory, 'MB', 150),
    ],
    [{ name: 'each server answered its administrator after it was measured', ok: answers === memory.length }],
  ),
);
