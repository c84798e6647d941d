/** The program that a test kills: a runner over SSH that starts a step, says so when it prints, and follows it. */
import { readFile } from 'node:fs/promises';
import type { AttemptSpec } from '@argonaut/contracts/attempt';
import { createRunner, openFileJournal } from '@argonaut/runner';
import { systemClock } from '@argonaut/runner/local';
import type { SshdService } from '../../../test/services/sshd.ts';
import { late } from '../../runner/test/contract/bench.ts';
import { openSshPorts } from './ports.ts';

interface Job {
  readonly sshd: SshdService;
  readonly server: string;
  readonly dataDirectory: string;
  readonly spec: AttemptSpec;
  readonly script: string;
}

const job = JSON.parse(await readFile(process.argv[2] ?? '', 'utf8')) as Job;
const signal = AbortSignal.timeout(60_000);
const ports = await openSshPorts(job.sshd);
const runner = await createRunner({
  ...ports,
  clock: systemClock,
  journal: await openFileJournal(`${job.dataDirectory}/journal`),
  server: job.server,
  dataDirectory: job.dataDirectory,
  hostEnvironment: { PATH: ports.worker.facts.path },
  poolSize: 0,
});
await runner.stage(job.spec, 1, signal);
await runner.open(job.spec.attempt, 1, late(job.script), () => {}, signal);
for await (const event of runner.follow(job.spec.attempt, 1, { cursor: 0, secrets: [] }, signal)) {
  if (event.type === 'log') process.stdout.write('it prints\n');
}
