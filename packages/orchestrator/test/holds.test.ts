/** A failed attempt that is held for a person: what is asked, how the hold ends, and what goes on afterwards. */
import { expect, test } from 'vitest';
import { planOf, script, step } from './processes.ts';
import { failed, Story, succeeded } from './story.ts';

const holding = { options: { holdOnFailureMs: 90_000 } };

test('a held failure asks, keeps its container for its time, and nothing goes on meanwhile', () => {
  const story = new Story(planOf([step(script('a', holding)), step(script('b'))]));
  story.tell({ type: 'ended', attempt: 'servertasks-1-s1-a1', outcome: failed });
  expect(story.all.some(({ kind }) => kind === 'ask')).toBe(false);
  story.tell({ type: 'confirmed', attempt: 'servertasks-1-s1-a1', outcome: failed, held: true });
  expect(story.all.find(({ kind }) => kind === 'ask')).toMatchObject({
    type: 'GuidedFailure',
    choices: ['Fail', 'Retry', 'Ignore', 'Abort'],
    hold: { attempt: 'servertasks-1-s1-a1', forMs: 90_000 },
  });
  expect(story.all.find(({ kind }) => kind === 'timer')).toMatchObject({
    timer: 'hold:servertasks-1-s1-a1',
    delayMs: 90_000,
  });
  expect(story.lines()).toContainEqual(expect.stringContaining('held for 1.5 minutes'));
  expect(story.attempts('finish')).toEqual([]);
  expect(story.completion()).toBeUndefined();
});

test.each([
  ['Retry', 'Success', ['s1-a1', 's1-a2', 's2-a2']],
  ['Ignore', 'Success', ['s1-a1', 's2-a2']],
  ['Fail', 'Failed', ['s1-a1']],
  ['Abort', 'Canceled', ['s1-a1']],
] as const)('the answer %s lets go of what is held', (answer, result, opened) => {
  const story = new Story(planOf([step(script('a', holding)), step(script('b'))]));
  story.hold('s1-a1');
  story.tell({ type: 'interruption-answered', interruption: 'ask:1:1', answer });
  expect(story.attempts('release-hold')).toEqual(['s1-a1']);
  expect(story.attempts('finish')).toEqual(['s1-a1']);
  if (answer === 'Retry') story.end('s1-a2', succeeded);
  if (result === 'Success') story.end('s2-a2', succeeded);
  expect(story.completion()).toMatchObject({ result });
  expect(story.attempts('open')).toEqual(opened);
});

test('a hold that nobody ends is a failure when its time is over', () => {
  const story = new Story(planOf([step(script('a', holding))]));
  story.hold('s1-a1');
  story.tell({ type: 'timer-fired', timer: 'hold:servertasks-1-s1-a1' });
  expect(story.all.find(({ kind }) => kind === 'withdraw')).toMatchObject({ expired: true });
  expect(story.attempts('release-hold')).toEqual(['s1-a1']);
  expect(story.completion()).toMatchObject({
    result: 'Failed',
    errorMessage: expect.stringContaining('Exit code 3'),
  });
});

test.each(['worker-lost', 'container-gone'] as const)(
  'a hold whose container is gone (%s) still ends with its time',
  (how) => {
    const story = new Story(planOf([step(script('a', holding))]));
    story.hold('s1-a1');
    if (how === 'worker-lost') {
      story.tell({ type: 'worker-lost', pool: 'WorkerPools-1', generation: 1, message: 'Away.' });
    } else story.tell({ type: 'confirmed', attempt: 'servertasks-1-s1-a1', outcome: failed });
    expect(story.completion()).toBeUndefined();
    story.tell({ type: 'timer-fired', timer: 'hold:servertasks-1-s1-a1' });
    expect(story.all.find(({ kind }) => kind === 'withdraw')).toMatchObject({ expired: true });
    expect(story.completion()).toMatchObject({ result: 'Failed' });
  },
);

test('the time of an earlier hold does not end the question about a later attempt', () => {
  const story = new Story(planOf([step(script('a', holding))]));
  story.hold('s1-a1');
  story.tell({ type: 'interruption-answered', interruption: 'ask:1:1', answer: 'Retry' });
  story.hold('s1-a2');
  const before = story.all.length;
  story.tell({ type: 'timer-fired', timer: 'hold:servertasks-1-s1-a1' });
  expect(story.all.length).toBe(before);
  story.tell({ type: 'timer-fired', timer: 'hold:servertasks-1-s1-a2' });
  expect(story.completion()).toMatchObject({ result: 'Failed' });
});

test('with guided failure the question outlives the hold', () => {
  const story = new Story(planOf([step(script('a', holding))], { guidedFailure: true }));
  story.hold('s1-a1');
  story.tell({ type: 'timer-fired', timer: 'hold:servertasks-1-s1-a1' });
  expect(story.attempts('release-hold')).toEqual(['s1-a1']);
  expect(story.completion()).toBeUndefined();
  story.tell({ type: 'interruption-answered', interruption: 'ask:1:1', answer: 'Ignore' });
  expect(story.completion()).toMatchObject({ result: 'Success' });
});

test('a cancel ends the hold', () => {
  const story = new Story(planOf([step(script('a', holding))]));
  story.hold('s1-a1');
  story.tell({ type: 'cancel-requested', request: 'one' });
  expect(story.all.find(({ kind }) => kind === 'withdraw')).toBeDefined();
  expect(story.attempts('release-hold')).toEqual(['s1-a1']);
  expect(story.completion()).toMatchObject({ result: 'Canceled' });
});

test('a failure that is retried anyway is not held, and the next attempt waits until it is put away', () => {
  const options = { holdOnFailureMs: 90_000, retries: { max: 1, backoffMs: 0 } };
  const story = new Story(planOf([step(script('a', { options }))]));
  story.hold('s1-a1');
  expect(story.all.some(({ kind }) => kind === 'ask')).toBe(false);
  const released = story.all.findIndex(({ kind }) => kind === 'release-hold');
  const staged = story.all.findLastIndex(({ kind }) => kind === 'stage');
  expect(released).toBeGreaterThan(0);
  expect(staged).toBeGreaterThan(released);
  story.hold('s1-a2');
  expect(story.all.find(({ kind }) => kind === 'ask')).toBeDefined();
});

test('told again after a restart, a hold stays as it is; a container that ended meanwhile is put away', () => {
  const story = new Story(planOf([step(script('a', holding))]));
  story.hold('s1-a1');
  const before = story.all.length;
  story.hold('s1-a1');
  expect(story.all.length).toBe(before);
  story.tell({ type: 'confirmed', attempt: 'servertasks-1-s1-a1', outcome: failed });
  expect(story.attempts('finish')).toEqual(['s1-a1']);
  story.tell({ type: 'interruption-answered', interruption: 'ask:1:1', answer: 'Fail' });
  expect(story.completion()).toMatchObject({ result: 'Failed' });
});

test('a failure that was to be held and whose container is gone says so', () => {
  const story = new Story(planOf([step(script('a', holding))]));
  story.end('s1-a1', failed);
  expect(story.lines()).toContainEqual(expect.stringContaining('cannot be held: there is nothing left'));
  expect(story.completion()).toMatchObject({ result: 'Failed' });
});
