/**
 * What a deployment of five containerised steps costs, from POST to the task's `CompletedTime`, as a ratio of five `docker run
 * --rm` of the same image that take turns with it; beside it the ratios to the same Engine calls made without our server and
 * to the same pipeline in gitlab-ci-local.
 *
 * Between two measurements the engine is left to come to rest, so that removals and refills of one never burden the other;
 * the row "back to back" has them inside its window. The checks look at every container while it runs, and at the log.
 */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createDockerEngine, endpointFromDockerHost } from '@argonaut/runner/docker';
import { type Made, makeProject, type StepWish } from '../packages/server/test/running/project-under-test.ts';
import { ContainerWatch, dockerRun, engineRun } from './docker.ts';
import { ExitWatch } from './exit-watch.ts';
import { GitlabCiLocal } from './gitlab-ci-local.ts';
import { percentile, print, report, row } from './report.ts';
import { ServerUnderTest } from './server-under-test.ts';

const IMAGE = 'argonaut-test/busybox:1';
const STEPS = 5;
/** What a step of the slow ones does. */
const WORK_MS = 300;
const BACK_TO_BACK = 20;
const PORT = 7_070;
/** At least 10 make figures that may be told. */
const { values: options } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '12' }, json: { type: 'boolean' } },
});
const rounds = Number(options.rounds);

const words = Array.from({ length: STEPS }, (_, nth) => `said-${nth}-${randomBytes(4).toString('hex')}`);
const echoes = steps(words.map((word) => `echo ${word}`));
const slow = steps(words.map((word) => `sleep ${WORK_MS / 1000}; echo ${word}`));
const lonely = steps(words.slice(0, 1).map((word) => `echo ${word}`));
/** Each leaves a daemon on a port that the next one needs: it must be gone before the next begins. */
const daemons = steps(
  words.map(
    (word) =>
      `echo ${word}; nc -l -p ${PORT} </dev/null >/dev/null 2>&1 & sleep 0.02; kill -0 $! || exit 9; echo last`,
  ),
);

const engine = createDockerEngine(endpointFromDockerHost(process.env.DOCKER_HOST));
await using server = await ServerUnderTest.create();
using exits = new ExitWatch(`${server.directory}/worker`);
await using watch = await ContainerWatch.open(server.directory);
await using rival = await GitlabCiLocal.create(
  IMAGE,
  words.map((word) => `echo ${word}`),
);
await using slowRival = await GitlabCiLocal.create(
  IMAGE,
  words.map((word) => `sleep ${WORK_MS / 1000}; echo ${word}`),
);
await server.start();
const projects = {
  echoes: await makeProject(server, echoes, { name: 'Echoes' }),
  slow: await makeProject(server, slow, { name: 'Slow' }),
  lonely: await makeProject(server, lonely, { name: 'Lonely' }),
  daemons: await makeProject(server, daemons, { name: 'Daemons' }),
};

interface Deployed {
  readonly task: string;
  /** POST to `CompletedTime`. */
  readonly ms: number;
  /** POST to the end of the live log in the client. */
  readonly seenMs: number;
  /** From `exit` of one step to the first byte of the next. */
  readonly gaps: readonly number[];
  readonly text: string;
}

const tasks: { readonly task: string; readonly steps: number }[] = [];
let complete = true;
let succeeded = true;
let rivalSaidAll = true;

async function deploy(made: Made, wanted: number): Promise<Deployed> {
  const began = Date.now();
  const task = await server.deploy(made);
  const bytes: { readonly activity: string; readonly timeMs: number; readonly text: string }[] = [];
  const { state, seenMs } = await server.follow(task, ({ event, data }) => {
    if (event === 'text' && data.source !== 'server') bytes.push(data);
  });
  const { body } = await server.call('GET', `/api/tasks/${task}`);
  const text = bytes.map((piece) => piece.text).join('');
  if (state !== 'Success') {
    succeeded = false;
    process.stderr.write(`${(await server.call('GET', `/api/tasks/${task}/raw`)).body}\n`);
  }
  if (!words.slice(0, wanted).every((word) => text.split(word).length === 2)) complete = false;
  tasks.push({ task, steps: wanted });
  const gaps = bytes.flatMap(({ activity, timeMs }, index) => {
    const before = bytes[index - 1]?.activity;
    const exit = before === undefined || before === activity ? undefined : exits.written.get(before);
    return exit === undefined ? [] : [timeMs - exit];
  });
  const ms = new Date(body.CompletedTime).getTime() - began;
  return { task, ms, seenMs: seenMs - began, gaps, text };
}

async function rivalRun(pipeline: GitlabCiLocal): Promise<number> {
  const { ms, text } = await pipeline.run();
  if (!words.every((word) => text.includes(`> ${word}`))) rivalSaidAll = false;
  return ms;
}

/** Nothing but the waiting sandboxes is there, and they are full. */
async function rest(): Promise<void> {
  const mine = { 'argonaut.data': `${server.directory}/worker` };
  let before = '';
  for (let quiet = 0; quiet < 3; ) {
    await sleep(100);
    const now = (await engine.listContainers(mine, AbortSignal.timeout(20_000))).map(({ id }) => id).join();
    quiet = now === before ? quiet + 1 : 0;
    before = now;
  }
}

/** Seconds that all processors of this machine have worked so far (proc(5): ticks of 10 ms). */
async function busySeconds(): Promise<number> {
  const [first = ''] = (await readFile('/proc/stat', 'utf8')).split('\n');
  const [user = 0, nice = 0, system = 0, , , interrupts = 0, soft = 0] = first
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return (user + nice + system + interrupts + soft) / 100;
}

async function five(one: () => Promise<number>): Promise<number> {
  let sum = 0;
  for (let nth = 0; nth < STEPS; nth++) sum += await one();
  return sum;
}

const taken: Record<string, number[]> = {};
const take = (name: string, value: number): void => {
  taken[name] ??= [];
  taken[name].push(value);
};
const gaps: number[] = [];
const variants: [string, () => Promise<number>][] = [
  [
    'echoes',
    async () => {
      const { ms, seenMs } = await deploy(projects.echoes, STEPS);
      take('seen', seenMs);
      return ms;
    },
  ],
  ['docker', () => five(() => dockerRun(IMAGE, 'echo hello'))],
  ['engine', () => five(() => engineRun(engine, IMAGE, 'echo hello'))],
  ['rival', () => rivalRun(rival)],
  ['slow rival', () => rivalRun(slowRival)],
  ['lonely', async () => (await deploy(projects.lonely, 1)).ms],
  ['slow', async () => (await deploy(projects.slow, STEPS)).ms],
  ['slow docker', () => five(() => dockerRun(IMAGE, `sleep ${WORK_MS / 1000}; echo hello`))],
  [
    'daemons',
    async () => {
      const deployed = await deploy(projects.daemons, STEPS);
      gaps.push(...deployed.gaps);
      return deployed.ms;
    },
  ],
];

// The first deployment pulls, loads and compiles; it is not what later ones cost.
for (const made of Object.values(projects)) await deploy(made, made === projects.lonely ? 1 : STEPS);
for (let round = 0; round < rounds; round++) {
  for (const [name, measure] of variants) {
    await rest();
    const before = await busySeconds();
    take(name, await measure());
    await rest();
    take(`${name} processor`, ((await busySeconds()) - before) / STEPS);
  }
  variants.push(...variants.splice(0, 1));
  process.stderr.write(`round ${round + 1} of ${rounds}\n`);
}

await rest();
const window = performance.now();
for (let nth = 0; nth < BACK_TO_BACK; nth++) await deploy(projects.echoes, STEPS);
await rest();
/** Without the time that `rest` needs to be sure. */
const backToBack = performance.now() - window - 300;

const ratios = (above: string, below: string): number[] =>
  (taken[above] ?? []).map((value, round) => value / (taken[below]?.[round] ?? Number.NaN));
const dockerP50 = percentile(taken.docker ?? [], 0.5);
/** What one more step costs beyond what its script takes, as a share of one `docker run`. */
const inPipeline = (pipeline: string, workMs: number): number[] =>
  (taken[pipeline] ?? []).map((value, round) => {
    const more = value - (taken.lonely?.[round] ?? Number.NaN) - STEPS * workMs;
    return more / (STEPS - 1) / ((taken.docker?.[round] ?? Number.NaN) / STEPS);
  });
await watch.settled();
const containers = [...watch.seen.values()];
const looked = containers.flatMap((container) => container.looked ?? []);
const ours = (task: string) => containers.filter((container) => container.task === task);

print(
  report(
    'steps',
    rounds,
    [
      row('5 echo steps, POST to CompletedTime / 5 docker run', ratios('echoes', 'docker'), 'ratio', 0.5),
      row('… until the client has seen the end / 5 docker run', ratios('seen', 'docker'), 'ratio'),
      row('… / the same Engine calls without a server', ratios('echoes', 'engine'), 'ratio'),
      row('5 echo steps / the same in gitlab-ci-local', ratios('echoes', 'rival'), 'ratio'),
      row('5 steps of 0.3 s / the same in gitlab-ci-local', ratios('slow', 'slow rival'), 'ratio'),
      row('5 jobs of gitlab-ci-local / 5 docker run', ratios('rival', 'docker'), 'ratio'),
      row('5 steps of 0.3 s / 5 docker run', ratios('slow', 'slow docker'), 'ratio', 0.6),
      row(
        'one more step of 0.3 s in a pipeline, beyond its 0.3 s / docker run',
        inPipeline('slow', WORK_MS),
        'ratio',
        0.25,
      ),
      row('one more echo step in a pipeline / docker run', inPipeline('echoes', 0), 'ratio'),
      row(
        `${BACK_TO_BACK} deployments back to back, refill included / docker run`,
        [backToBack / (BACK_TO_BACK * dockerP50)],
        'ratio',
        0.7,
      ),
      row(
        'exit of a step that left a daemon on a port to the first byte of the next, which binds it',
        gaps,
        'ms',
        40,
      ),
      row('processor time of the machine per echo step', taken['echoes processor'] ?? [], 's'),
      row('processor time of the machine per docker run', taken['docker processor'] ?? [], 's'),
      row('processor time of the machine per job of gitlab-ci-local', taken['rival processor'] ?? [], 's'),
      row('5 echo steps, POST to CompletedTime', taken.echoes ?? [], 'ms'),
      row('1 echo step, POST to CompletedTime', taken.lonely ?? [], 'ms'),
      row('5 docker run', taken.docker ?? [], 'ms'),
      row('5 jobs of gitlab-ci-local', taken.rival ?? [], 'ms'),
      row('5 × create, start, wait, remove', taken.engine ?? [], 'ms'),
    ],
    [
      { name: 'every deployment succeeded', ok: succeeded },
      { name: 'every job of gitlab-ci-local ran and said its word', ok: rivalSaidAll },
      {
        name: 'the exit of every step that left a daemon was seen',
        ok: gaps.length === rounds * (STEPS - 1),
      },
      { name: 'every log holds what every step said, once', ok: complete },
      {
        name: 'every step had a container of its own',
        ok: tasks.every(
          ({ task, steps: count }) => new Set(ours(task).map(({ attempt }) => attempt)).size === count,
        ),
      },
      {
        name: 'nine of ten containers were looked at while they were there',
        ok: looked.length > 0.9 * containers.length && looked.length > 0,
      },
      {
        name: 'every container had its fences: no capabilities but the few, no new privileges, a limit of processes',
        ok: looked.every(({ fenced }) => fenced),
      },
      {
        name: 'no container had the network of the host',
        ok: looked.every(({ network }) => network === 'default' || network.startsWith('container:')),
      },
    ],
  ),
);

function steps(scripts: readonly string[]): StepWish[] {
  return scripts.map((script, index) => ({ name: `Step ${index + 1}`, image: IMAGE, script }));
}
