/**
 * `argonaut server`, killed with SIGKILL at random moments and at crash points while it deploys, and started again. Two
 * deployments run side by side; some are cancelled, and their steps may end early, but never start twice.
 */
import { randomUUID } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { crashPoints } from '@argonaut/runner';
import { createDockerEngine, endpointFromDockerHost } from '@argonaut/runner/docker';
import { executionCrashPoints } from '@argonaut/server/execution';
import { ServerUnderTest } from '../bench/server-under-test.ts';
import { Random } from '../packages/orchestrator/test/random.ts';
import { zip } from '../packages/runner/test/packages/archives.ts';
import { type Ledger, openLedger } from '../packages/server/test/running/ledger.ts';
import { type Made, makeProject } from '../packages/server/test/running/project-under-test.ts';
import { leftAfterPatience, processesWith } from './left-behind.ts';
import { expectedOf, randomSteps, type SoakStep } from './scenario.ts';
import { scriptText, sha256, streamText } from './scripts.ts';
import { ServerKeeper } from './server-keeper.ts';
import type { Tally } from './tally.ts';

export const what =
  '`argonaut server` was killed with SIGKILL at random moments and at crash points while it deployed, and started again; some deployments were cancelled as well.';

/** All there are in such a process. */
export const points: readonly string[] = [...crashPoints, ...executionCrashPoints];

const IMAGE = 'argonaut-test/busybox:1';
const PROJECTS = 16;
const AT_ONCE = 2;
/** With a server that is started again and again; steps take a second at most. */
const TASK_WITHIN_MS = 180_000;

interface Project {
  readonly name: string;
  readonly made: Made;
  readonly steps: readonly SoakStep[];
}

interface Deployment {
  readonly project: Project;
  readonly task: string;
  readonly cancelled: boolean;
}

export async function soak(tally: Tally, kills: number, seed: number): Promise<void> {
  const random = new Random(seed);
  await using server = await ServerUnderTest.create();
  await using ledger = await openLedger();
  await server.start();
  const projects: Project[] = [];
  for (let nth = 0; nth < PROJECTS; nth++)
    projects.push(await makeOne(server, ledger, random, `soak-${nth}`));
  await server.stop();

  const keeper = new ServerKeeper(server, tally, random, points, kills);
  const starts = new Map<string, number>();
  const all: Deployment[] = [];
  const kept = keeper.keep();
  try {
    while (tally.kills < kills) {
      const first = random.below(PROJECTS);
      const chosen = Array.from({ length: AT_ONCE }, (_, nth) => projects[(first + 1 + nth) % PROJECTS]);
      const before = keeper.history.length;
      const deployed = await Promise.all(
        chosen.flatMap((project) => (project === undefined ? [] : [deploy(server, keeper, random, project)])),
      );
      all.push(...deployed);
      for (const [name, count] of Object.entries(ledger.take())) {
        starts.set(name, (starts.get(name) ?? 0) + count);
      }
      for (const one of deployed) {
        const check = new DeploymentCheck(tally, seed, keeper.history.slice(before), one, starts);
        check.starts();
        check.streams(await keeper.patiently(() => storedStreams(server, one.task)));
      }
      process.stderr.write(
        `${tally.kills} kills, ${tally.tasks} tasks, ${tally.violations.length} violations\n`,
      );
    }
  } finally {
    keeper.stop();
    await kept;
  }
  await checkWhatIsLeft(server, tally, seed, all);
}

async function makeOne(
  server: ServerUnderTest,
  ledger: Ledger,
  random: Random,
  name: string,
): Promise<Project> {
  await push(server, name);
  const steps = randomSteps(random, { retries: false, packages: true }).map(
    (step): SoakStep => ({ ...step, place: step.place === 'no network' ? 'lane' : step.place }),
  );
  const wishes = steps.map(({ name: step, parallel, when, place, reads, ...script }) => ({
    name: step,
    // Counted by task: the same release is deployed many times.
    script: scriptText({
      ...script,
      countStart: ledger.line(`#{Octopus.Task.Id}.${step}`),
      ...(reads ? { check: `grep -q '^package of ${name}$' ${CONTENT}` } : {}),
    }),
    ...(reads ? { action: { Packages: [packageOf(name)] } } : {}),
    step: {
      Condition: { success: 'Success', failure: 'Failure', always: 'Always' }[when],
      StartTrigger: parallel ? 'StartWithPrevious' : 'StartAfterPrevious',
    },
    ...(place === 'host' ? {} : { image: IMAGE }),
  }));
  return { name, steps, made: await makeProject(server, wishes, { name }) };
}

/** Where a step finds its project's package. */
const CONTENT = 'content/text';

function packageOf(project: string): object {
  return {
    Id: '',
    Name: 'content',
    PackageId: project,
    FeedId: 'feeds-builtin',
    AcquisitionLocation: 'Server',
    Properties: { Extract: 'True', SelectionMode: 'immediate' },
  };
}

/** With content of its own each time, so that the worker has to fetch it. */
async function push(server: ServerUnderTest, project: string): Promise<void> {
  const body = `package of ${project}\n${randomUUID()}\n`;
  await server.push(`${project}.1.0.0.zip`, new Uint8Array(zip([{ name: 'text', body }])));
}

/** Led to its end, however often the server dies. */
async function deploy(
  server: ServerUnderTest,
  keeper: ServerKeeper,
  random: Random,
  project: Project,
): Promise<Deployment> {
  const cancelled = random.chance(0.15);
  const cancelAfter = random.below(3_000);
  const key = randomUUID();
  await keeper.patiently(() => push(server, project.name));
  const task = await keeper.patiently(() => server.deploy(project.made, key));
  if (cancelled) {
    await sleep(cancelAfter);
    await keeper.patiently(() => server.call('POST', `/api/tasks/${task}/cancel`));
  }
  const deadline = performance.now() + TASK_WITHIN_MS;
  for (;;) {
    const { body } = await keeper.patiently(() => server.call('GET', `/api/tasks/${task}`));
    if (body.IsCompleted === true) return { project, task, cancelled };
    if (performance.now() > deadline) {
      const raw = await keeper.patiently(() => server.call('GET', `/api/tasks/${task}/raw`));
      throw new Error(`${task} does not end: ${raw.body}\n${server.said}`);
    }
    await sleep(100);
  }
}

type Stored = ReadonlyMap<string, string>;

/** Whole streams of each attempt, by `<step> <stream>`; `state` is the task's. */
async function storedStreams(
  server: ServerUnderTest,
  task: string,
): Promise<{ readonly state: string; readonly streams: Stored }> {
  const names = new Map<string, string>();
  const pieces = new Map<string, Buffer[]>();
  const { state } = await server.follow(task, ({ event, data }) => {
    // `Step 2: <name>`; what is below has the step's name.
    if (event === 'activity')
      names.set(data.activity, names.get(data.parent)?.match(/step-\d+/)?.[0] ?? data.name);
    if (event !== 'text' || data.source === 'server') return;
    const key = `${names.get(data.activity)} ${data.source}`;
    const bytes = data.text === undefined ? Buffer.from(data.base64, 'base64') : Buffer.from(data.text);
    const known = pieces.get(key);
    if (known === undefined) pieces.set(key, [bytes]);
    else known.push(bytes);
  });
  const streams = new Map([...pieces].map(([key, parts]) => [key, Buffer.concat(parts).toString('latin1')]));
  return { state, streams };
}

class DeploymentCheck {
  readonly #tally: Tally;
  readonly #seed: number;
  readonly #history: readonly string[];
  readonly #deployment: Deployment;
  readonly #starts: ReadonlyMap<string, number>;

  constructor(
    tally: Tally,
    seed: number,
    history: readonly string[],
    deployment: Deployment,
    starts: ReadonlyMap<string, number>,
  ) {
    this.#tally = tally;
    this.#seed = seed;
    this.#history = history;
    this.#deployment = deployment;
    this.#starts = starts;
  }

  starts(): void {
    const { project, cancelled } = this.#deployment;
    const expected = expectedOf(project.steps);
    this.#tally.tasks += 1;
    for (const { name } of project.steps) {
      const counted = this.#count(name);
      this.#tally.starts += counted;
      const wanted = expected.starts.get(name) ?? 0;
      const right = cancelled ? counted <= 1 : counted === wanted;
      if (!right) this.#wrong(`${name} was started ${counted} times, not ${wanted}.`);
    }
  }

  streams({ state, streams }: { readonly state: string; readonly streams: Stored }): void {
    const { project, cancelled } = this.#deployment;
    const wanted = expectedOf(project.steps).failed ? 'Failed' : 'Success';
    if (state !== wanted && !(cancelled && (state === 'Canceled' || state === 'Failed'))) {
      this.#wrong(`It ended as ${state}, not as ${wanted}.`);
    }
    for (const step of project.steps) {
      for (const [stream, seed] of [
        ['stdout', step.outSeed],
        ['stderr', step.errSeed],
      ] as const) {
        const written = this.#count(step.name) > 0 ? streamText(seed, step.lines) : '';
        const text = streams.get(`${step.name} ${stream}`) ?? '';
        this.#tally.streams += 1;
        this.#tally.bytes += text.length;
        if (sha256(text) === sha256(written) || (cancelled && written.startsWith(text))) continue;
        this.#wrong(`${stream} of ${step.name}: ${text.length} bytes stored of ${written.length}.`);
      }
    }
  }

  #count(step: string): number {
    return this.#starts.get(`${this.#deployment.task}.${step}`) ?? 0;
  }

  #wrong(text: string): void {
    this.#tally.violation(this.#seed, this.#history, `${this.#deployment.task}: ${text}`);
  }
}

/** After the last task nothing is left but the sandboxes that wait, and after the server has stopped not even those. */
async function checkWhatIsLeft(
  server: ServerUnderTest,
  tally: Tally,
  seed: number,
  deployments: readonly Deployment[],
): Promise<void> {
  const engine = createDockerEngine(endpointFromDockerHost(process.env.DOCKER_HOST));
  const containers = async (more: Readonly<Record<string, string>> = {}) => {
    const labels = { 'argonaut.data': join(server.directory, 'worker'), ...more };
    const found = await engine.listContainers(labels, AbortSignal.timeout(20_000));
    return found.map(({ name, status }) => `container ${name} (${status})`);
  };
  if (!server.running) await server.start();
  const wrong = (left: readonly string[], when: string): void => {
    if (left.length > 0) tally.violation(seed, [], `Left ${when}: ${left.join(', ')}.`);
  };
  wrong(
    await leftAfterPatience(async () => [
      ...(await containers({ 'argonaut.role': 'attempt' })),
      ...(await containers()).filter((name) => name.includes('argonaut-lane-')),
      ...(await readdir(join(server.directory, 'worker', 'attempts'))),
    ]),
    'after the last task',
  );
  await server.stop();
  wrong(
    await leftAfterPatience(async () => [
      ...(await containers()),
      ...(await processesWith(server.directory)),
    ]),
    'after the server stopped',
  );
  await engine.close();
  checkDatabase(server, tally, seed, deployments);
}

/** Exit codes are the scripts' own, and nothing waits to be done. */
function checkDatabase(
  server: ServerUnderTest,
  tally: Tally,
  seed: number,
  deployments: readonly Deployment[],
): void {
  const database = new DatabaseSync(join(server.directory, 'argonaut.db'), { readOnly: true });
  try {
    for (const { task, project, cancelled } of deployments) {
      const row = database.prepare('select state from runs where task = ?').get(task);
      const { attempts } = JSON.parse(String(row?.state)) as {
        readonly attempts: Readonly<Record<string, { action: string; outcome?: { exitCode?: number } }>>;
      };
      for (const { action, outcome } of Object.values(attempts)) {
        const step = project.steps[Number(action) - 1];
        if (outcome === undefined || cancelled || outcome.exitCode === step?.exitCode) continue;
        tally.violation(
          seed,
          [],
          `${task}, ${step?.name}: ended as ${JSON.stringify(outcome)}, not with ${step?.exitCode}.`,
        );
      }
    }
    for (const table of ['attempt_journal', 'worker_leases', 'task_events']) {
      const row = database.prepare(`select count(*) as rows from ${table}`).get();
      if (row?.rows !== 0) tally.violation(seed, [], `${row?.rows} rows are left in ${table}.`);
    }
  } finally {
    database.close();
  }
}
