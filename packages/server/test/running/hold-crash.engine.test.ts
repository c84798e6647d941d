/**
 * The server is killed with SIGKILL at every edge of a hold on failure, and started again. However it went: every attempt's
 * script was started exactly once (counted in a ledger outside), the hold is there again and ends when it was to end, the
 * decision was carried out once, and nothing is left on the engine or on the disk.
 *
 * On which side of an edge it dies, and which answer meets it, is drawn by a seed, new each run; `ARGONAUT_SEED` repeats one, `ARGONAUT_EVERY_CRASH=1` takes all.
 */
import { join } from 'node:path';
import { createDockerEngine, endpointFromDockerHost } from '@argonaut/runner/docker';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { holdCrashPoints } from '../../src/execution/index.ts';
import { KillableServer } from './killable-server.ts';
import { type Ledger, openLedger } from './ledger.ts';
import { makeProject, type StepWish } from './project-under-test.ts';
import { ask, deploy, drawn, expectNothingLeft, isOver, storedStreams, taskWhen } from './through-kills.ts';

const seed = Number(process.env.ARGONAUT_SEED ?? Math.floor(Math.random() * 2 ** 31));
const every = process.env.ARGONAUT_EVERY_CRASH === '1';
const SOON = { timeout: 90_000, interval: 100 };

const engine = createDockerEngine(endpointFromDockerHost(process.env.DOCKER_HOST));
let server: KillableServer;
let ledger: Ledger;

/** What a person may say, or nobody does; and what then becomes of the task. `starts`: of each step. */
const STORIES = {
  Retry: { State: 'Success', starts: { breaks: 2, next: 1 }, questions: 2, expiries: 0 },
  Ignore: { State: 'Success', starts: { breaks: 1, next: 1 }, questions: 1, expiries: 0 },
  Abort: { State: 'Canceled', starts: { breaks: 1 }, questions: 1, expiries: 0 },
  nobody: { State: 'Failed', starts: { breaks: 1 }, questions: 1, expiries: 1 },
} as const;
type Decision = keyof typeof STORIES;
const ANSWERS = ['Retry', 'Ignore', 'Abort'] as const;

type Point = (typeof holdCrashPoints)[number];

/** Where nobody answers, no answer is ever stored; where somebody does, no time is over. */
function decisionsAt(point: Point): readonly Decision[] {
  if (point.endsWith('-expiry')) return ['nobody'];
  // A server that dies before it has taken a hold may be away for longer than a short one lasts: then there was none.
  const answered = /-(answer|decision)$/.test(point) || point === 'hold.before-taking';
  const possible = answered ? ANSWERS : ([...ANSWERS, 'nobody'] as const);
  return every ? possible : possible.slice(drawn(seed, point, possible.length)).slice(0, 1);
}

/** Of each edge, before or behind it; all of them when all are wanted. */
const points = holdCrashPoints.filter(
  (_, index) => every || index % 2 === drawn(seed, `edge ${index >> 1}`, 2),
);
const cases = points.flatMap((point) => decisionsAt(point).map((decision) => ({ point, decision })));

function steps(minutes: string): StepWish[] {
  const step = (name: string, end: string): StepWish => ({
    name,
    image: 'argonaut-test/busybox:1',
    script: `${ledger.line(name)}; echo "${name} says this"; exit ${end}`,
    properties: { 'Argonaut.Action.HoldOnFailure.Minutes': minutes },
  });
  return [step('breaks', '3'), step('next', '0')];
}

beforeAll(async () => {
  ledger = await openLedger();
  server = await KillableServer.create();
  await server.start();
});

/** What a case that failed has left must not be counted in the next. */
beforeEach(() => void ledger.take());

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await ledger[Symbol.asyncDispose]();
  await engine.close();
});

interface Question {
  readonly Id: string;
  readonly IsPending: boolean;
  readonly HeldAttemptId: string;
  readonly HeldUntil: string;
}

/** All that the task ever asked, newest first. */
async function questionsOf(task: string): Promise<readonly Question[]> {
  return (await ask(server, 'GET', `/api/interruptions?regarding=${task}&take=100`)).body.Items;
}

const containersOf = async (task: string) =>
  (
    await engine.listContainers(
      { 'argonaut.data': join(server.directory, 'worker'), 'argonaut.task': task },
      AbortSignal.timeout(20_000),
    )
  ).map(({ name }) => name);

/** Answered, whenever the server dies: a person who got no answer looks whether the question is still there. */
async function answer(question: Question, Guidance: string): Promise<void> {
  const path = `/api/interruptions/${question.Id}`;
  while ((await ask(server, 'GET', path)).body.IsPending) {
    await server.call('POST', `${path}/submit`, { Guidance }).catch(async (error) => {
      if (!(await server.isDead())) throw error;
    });
  }
}

/** The question after the `earlier` ones; while it is open, the container that failed is there. */
async function held(task: string, earlier = 0): Promise<Question> {
  await expect.poll(async () => (await questionsOf(task)).length, SOON).toBe(earlier + 1);
  const [{ Id }] = (await questionsOf(task)) as [Question];
  const there = await containersOf(task);
  const { body: question } = await ask(server, 'GET', `/api/interruptions/${Id}`);
  if (question.IsPending) expect(there).toContain(`argonaut-${question.HeldAttemptId}`);
  return question;
}

async function eventsOf(task: string, category: string): Promise<number> {
  const { body } = await ask(server, 'GET', `/api/events?regarding=${task}&eventCategories=${category}`);
  return body.TotalResults;
}

/** Dead at its crash point; whoever asked it meanwhile has started it again. */
async function died(startsBefore: number): Promise<void> {
  await expect.poll(() => server.starts > startsBefore || !server.running, SOON).toBe(true);
}

test.each(cases)(
  `killed at $point, answered by $decision (ARGONAUT_SEED=${seed})`,
  async ({ point, decision }) => {
    const made = await makeProject(server, steps(decision === 'nobody' ? '0.2' : '10'));
    await server.kill();
    await server.start({ ARGONAUT_CRASH_AT: `${point}:1` });
    const { starts } = server;
    const task = await deploy(server, made);
    if (point.endsWith('-taking')) await died(starts);
    const first = await held(task);
    if (decision !== 'nobody') await answer(first, decision);
    await died(starts);
    const { body: again } = await ask(server, 'GET', `/api/interruptions/${first.Id}`);
    expect(again.HeldUntil).toBe(first.HeldUntil);
    if (decision === 'Retry') await answer(await held(task, 1), 'Ignore');

    const story = STORIES[decision];
    expect(await taskWhen(server, task, isOver)).toMatchObject({ State: story.State });
    expect(server.starts, 'how often it was started: it died at the point').toBe(starts + 1);
    expect(ledger.take()).toEqual(story.starts);
    const questions = await questionsOf(task);
    expect(questions.map(({ IsPending }) => IsPending)).toEqual(Array(story.questions).fill(false));
    const outputs = Object.entries(await storedStreams(server, task, 'attempt'));
    for (const { HeldAttemptId } of questions) {
      expect(outputs).toContainEqual([`${HeldAttemptId} stdout`, 'breaks says this\n']);
    }
    expect(await eventsOf(task, 'HoldOnFailureRaised')).toBe(story.questions);
    expect(await eventsOf(task, 'HoldOnFailureExpired')).toBe(story.expiries);
    expect(await eventsOf(task, 'InterruptionSubmitted')).toBe(story.questions - story.expiries);
    await expect.poll(() => containersOf(task), SOON).toEqual([]);
  },
);

test('nothing is left: no container, no attempt directory, no entry of a journal, no lease', () =>
  expectNothingLeft(server, engine));
