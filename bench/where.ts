/**
 * Where the time of a deployment goes, as the task's own resource (`/api/argonaut/tasks/{id}/where`) tells it: five echo steps,
 * in milliseconds, over several deployments. Steps overlap on purpose: what is staged ahead costs no waiting.
 */
import { parseArgs } from 'node:util';
import { makeProject } from '../packages/server/test/running/project-under-test.ts';
import { print, type Row, report, row } from './report.ts';
import { ServerUnderTest } from './server-under-test.ts';

const STEPS = 5;
const { values: options } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '15' }, json: { type: 'boolean' } },
});
const rounds = Number(options.rounds);

interface Activity {
  readonly Name: string;
  readonly Kind: string;
  readonly Began?: number;
  readonly Duration?: number;
  readonly FirstByte?: number;
  readonly Timings: Readonly<Record<string, number>>;
}

await using server = await ServerUnderTest.create();
await server.start();
const made = await makeProject(
  server,
  Array.from({ length: STEPS }, (_, nth) => ({
    name: `Step ${nth + 1}`,
    image: 'argonaut-test/busybox:1',
    script: `echo hello ${nth}`,
  })),
);

const samples = new Map<string, number[]>();
const take = (name: string, ms: number | null | undefined): void => {
  if (ms === null || ms === undefined) return;
  samples.set(name, [...(samples.get(name) ?? []), ms]);
};
let complete = true;

for (let round = -1; round < rounds; round++) {
  const task = await server.deploy(made);
  const { state } = await server.follow(task);
  if (round < 0) continue;
  const { body } = await server.call('GET', `/api/argonaut/tasks/${task}/where`);
  const activities = body.Activities as readonly Activity[];
  const attempts = activities.filter(({ Kind }) => Kind === 'attempt');
  complete &&= state === 'Success' && attempts.length === STEPS;
  take('the whole, from its start', body.Duration);
  take('queue', body.Queued);
  take('prepare: workers and images', activities.find(({ Kind }) => Kind === 'preparation')?.Duration);
  for (const [nth, { Timings, FirstByte, Duration }] of attempts.entries()) {
    const which = nth === 0 ? 'first step' : 'later steps';
    for (const [phase, ms] of Object.entries(Timings)) take(`${which}: ${phase}`, ms);
    take(`${which}: first byte`, FirstByte);
    take(`${which}: run and drain`, Duration);
  }
  for (const [nth, { Duration }] of activities.filter(({ Kind }) => Kind === 'step').entries()) {
    take(`${nth === 0 ? 'first step' : 'later steps'}: as it is shown`, Duration);
  }
}

const rows = [...samples].map(([name, taken]): Row => row(name, taken, 'ms'));
print(
  report('where', rounds, rows, [
    { name: `every deployment had ${STEPS} attempts and succeeded`, ok: complete },
  ]),
);
