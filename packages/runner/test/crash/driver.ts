/**
 * The program that the crash test kills: a small caller of the runner, as a server is, with a durable memory of its own.
 * Started again after a kill it goes on from what it remembers and what the runner lists, and never starts anew what may
 * have started.
 *
 *   driver.ts <data directory> <scenario>      exit code 0: everything is over, finished and removed
 */
import { readFile } from 'node:fs/promises';
import { type AcquiredImage, type AttemptSpec, accountedBytes } from '@argonaut/contracts/attempt';
import { createDockerEngine, endpointFromDockerHost } from '../../src/docker/index.ts';
import { createRunner, openFileJournal, type Runner } from '../../src/index.ts';
import { createLocalFiles, createLocalProcesses, systemClock } from '../../src/local/index.ts';
import { late } from '../contract/bench.ts';
import { crashConfiguration, crashPackage } from './package.ts';
import type { CrashRecord, Scenario } from './scenarios.ts';
import { attemptOf, scenarios } from './scenarios.ts';

const [dataDirectory = '', name = ''] = process.argv.slice(2);
const scenario: Scenario | undefined = scenarios[name];
if (!scenario) throw new Error(`no scenario ${name}`);
const signal = AbortSignal.timeout(60_000);
/** A service that answers everybody who comes, one after the other. */
const web = {
  name: 'web',
  argv: ['sh', '-c', 'while :; do echo served | nc -l -p 8080; done'],
  environment: {},
  health: { check: { kind: 'shell', line: 'netstat -ltn | grep -q :8080' } },
} as const;
const files = createLocalFiles();

const runner = await createRunner({
  engine: createDockerEngine(endpointFromDockerHost(process.env.DOCKER_HOST)),
  files,
  processes: createLocalProcesses({ path: process.env.PATH ?? '' }),
  journal: await openFileJournal(`${dataDirectory}/journal`),
  clock: systemClock,
  server: `crash-${dataDirectory.slice(-8)}`,
  dataDirectory,
  hostEnvironment: { PATH: process.env.PATH ?? '' },
  poolSize: 0,
});
await runner.warm(signal);
const image = await runner.acquire(
  { reference: 'argonaut-test/busybox:1', policy: 'if-not-present' },
  () => {},
  signal,
);
const brought = scenario.packages && (await runner.acquirePackage(crashPackage, () => {}, signal));
await Promise.all(
  scenario.places.map((place, index) => live(runner, attemptOf(dataDirectory, index), place, image)),
);
await runner.settled();
process.exit(0);

/** What must survive a kill of ours is durable before we go on, as in a server. */
async function live(
  worker: Runner,
  attempt: string,
  place: 'container' | 'host',
  acquired: AcquiredImage,
): Promise<void> {
  const path = `${dataDirectory}/${attempt}.json`;
  const record = await load(path);
  const save = () => files.writeFile(path, Buffer.from(JSON.stringify(record)), 0o600, signal);
  if (record.finished) return;
  const known = (await worker.list(signal)).find((entry) => entry.attempt === attempt);
  if (record.asked && !known) {
    // Either it was never opened and is thrown away, or `finish` got through and we did not hear of it.
    if (record.outcome || scenario?.discard) {
      record.finished = true;
      return save();
    }
  }
  if (!known) {
    record.asked = true;
    await save();
    await worker.stage(specOf(attempt, place, acquired), 1, signal);
    if (scenario?.discard) {
      await worker.discard(attempt, 1, signal);
      record.finished = true;
      return save();
    }
  }
  if (!record.outcome) {
    const script = scenario?.script(`${dataDirectory}/ledger/${attempt}`, place) ?? '';
    const configuration = scenario?.packages ? { configuration: crashConfiguration } : {};
    const services = scenario?.services ? { services: [web] } : {};
    await worker.open(
      attempt,
      1,
      late(script, { late: { ...configuration, ...services } }),
      () => {},
      signal,
    );
    if (scenario?.cancel) await worker.cancel(attempt, 1, 5_000, signal);
  }
  const { cursor, ahead } = record;
  const from = { cursor, ...(ahead ? { ahead } : {}), secrets: [] };
  for await (const event of worker.follow(attempt, 1, from, signal)) {
    if (event.type === 'log') {
      if (accountedBytes(event) <= accountedBytes(record)) throw new Error('told twice');
      record.output += Buffer.concat(event.runs.map(({ bytes }) => bytes)).toString();
      record.cursor = event.cursor;
      if (event.ahead) record.ahead = event.ahead;
      else delete record.ahead;
    } else if (event.type === 'confirmed') {
      record.outcome = event.outcome;
    }
    await save();
  }
  await worker.finish(attempt, 1, signal);
  record.finished = true;
  await save();
}

function specOf(attempt: string, place: 'container' | 'host', acquired: AcquiredImage): AttemptSpec {
  return {
    attempt,
    task: 'ServerTasks-1',
    server: `crash-${dataDirectory.slice(-8)}`,
    lane: 'lane',
    title: 'a step',
    place:
      place === 'host'
        ? { kind: 'host' }
        : {
            kind: 'container',
            image: acquired,
            network: 'none',
            docker: { Mounts: [{ Type: 'bind', Source: `${dataDirectory}/ledger`, Target: '/ledger' }] },
          },
    limits: {},
    ...(scenario?.services && place === 'container'
      ? { services: [{ name: web.name, image: acquired, limits: {}, graceMs: 1_000, log: 'failure' }] }
      : {}),
    ...(brought === undefined ? {} : { packages: [{ name: 'web', ...brought }] }),
    interpreters: ['/bin/sh'],
    oneStream: false,
    serviceMessages: true,
    gateDeadlineMs: 60_000,
    holdOnFailureMs: 0,
    leftovers: 'end',
  };
}

async function load(path: string): Promise<CrashRecord> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as CrashRecord;
  } catch {
    return { asked: false, cursor: 0, output: '', finished: false };
  }
}
