/**
 * Where the time of a deployment goes, as the task's own resource (`/api/argonaut/tasks/{id}/where`) tells it: five echo steps,
 * in milliseconds, over several deployments. Steps overlap on purpose: what is prepared while another step runs costs nothing but is
 * counted here all the same, so the figures of later steps do not add up to the whole.
 *
 * The image comes from a registry on loopback, which is asked each time; every other deployment finds that the image was removed,
 * and pulls it (its layers are here).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createDockerEngine, endpointFromDockerHost } from '@argonaut/runner/docker';
import { keepName } from '@argonaut/runner/images';
import { makeProject } from '../packages/server/test/running/project-under-test.ts';
import { ImageStore } from '../scripts/images/store.ts';
import { startRegistry } from '../test/services/registry.ts';
import { print, type Row, report, row } from './report.ts';
import { ServerUnderTest } from './server-under-test.ts';

const STEPS = 5;
const IMAGE = 'argonaut-test/busybox';
/** What every step has; `pull` and `interpreter` come now and then. */
const PHASES = [
  ...['queue', 'resolve', 'sandbox', 'create', 'start', 'gate', 'wait', 'firstByte', 'run', 'drain'],
  ...['confirm', 'remove'],
];
const REMOVED_WITHIN_MS = 30_000;
const { values: options } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '15' }, json: { type: 'boolean' } },
});
const rounds = Number(options.rounds);

interface Activity {
  readonly Name: string;
  readonly Kind: string;
  readonly Duration?: number;
  readonly Timings: Readonly<Record<string, number>>;
}

interface Where {
  readonly Queued: number;
  readonly Duration: number;
  readonly Activities: readonly Activity[];
}

const { description: registry, stop: stopRegistry } = await startRegistry({
  store: await ImageStore.open(() => {}),
  withPassword: false,
});
const engine = createDockerEngine(endpointFromDockerHost(process.env.DOCKER_HOST));
await using server = await ServerUnderTest.create();
await server.start();
const feed = await server.call('POST', '/api/feeds', {
  Name: 'Registry',
  FeedType: 'Docker',
  FeedUri: `http://${registry.host}`,
});
const made = await makeProject(
  server,
  Array.from({ length: STEPS }, (_, nth) => ({
    name: `Step ${nth + 1}`,
    image: `${IMAGE}:1`,
    feed: feed.body.Id,
    script: `echo hello ${nth}`,
  })),
);

async function removeImage(): Promise<void> {
  const digest = registry.images.busybox;
  for (const name of [keepName(digest), `${registry.host}/${IMAGE}@${digest}`]) {
    await engine.removeImage(name, AbortSignal.timeout(30_000));
  }
}

/** When everything of it has been removed. */
async function whereOf(task: string): Promise<Where> {
  const end = performance.now() + REMOVED_WITHIN_MS;
  for (;;) {
    const { body } = await server.call('GET', `/api/argonaut/tasks/${task}/where`);
    const attempts = (body as Where).Activities.filter(({ Kind }) => Kind === 'attempt');
    if (attempts.every(({ Timings }) => Timings.remove !== undefined) || performance.now() > end) return body;
    await sleep(50);
  }
}

const samples = new Map<string, number[]>();
const take = (name: string, ms: number | null | undefined): void => {
  if (ms === null || ms === undefined) return;
  samples.set(name, [...(samples.get(name) ?? []), ms]);
};
let complete = true;
let whole = true;
let pulled = true;

for (let round = -1; round < rounds; round++) {
  for (const cold of [false, true]) {
    if (cold) await removeImage();
    const task = await server.deploy(made);
    const { state } = await server.follow(task);
    const { Activities, Duration, Queued } = await whereOf(task);
    if (round < 0) continue;
    const attempts = Activities.filter(({ Kind }) => Kind === 'attempt');
    complete &&= state === 'Success' && attempts.length === STEPS;
    whole &&= attempts.every(({ Timings }) => PHASES.every((phase) => phase in Timings));
    if (cold) {
      pulled &&= attempts.every(({ Timings }) => 'pull' in Timings);
      take('with a pull: resolve', attempts[0]?.Timings.resolve);
      take('with a pull: pull', attempts[0]?.Timings.pull);
      take('with a pull: the whole, from its start', Duration);
      continue;
    }
    take('the whole, from its start', Duration);
    take('the task in the queue', Queued);
    for (const [nth, { Timings }] of attempts.entries()) {
      const which = nth === 0 ? 'first step' : 'later steps';
      for (const [phase, ms] of Object.entries(Timings)) take(`${which}: ${phase}`, ms);
    }
    for (const [nth, shown] of Activities.filter(({ Kind }) => Kind === 'step').entries()) {
      take(`${nth === 0 ? 'first step' : 'later steps'}: as it is shown`, shown.Duration);
    }
  }
}
await engine.close();
await stopRegistry();

const rows = [...samples].map(([name, taken]): Row => row(name, taken, 'ms'));
print(
  report('where', rounds, rows, [
    { name: `every deployment had ${STEPS} attempts and succeeded`, ok: complete },
    { name: `every attempt told ${PHASES.join(', ')}`, ok: whole },
    { name: 'every deployment without the image pulled it', ok: pulled },
  ]),
);
