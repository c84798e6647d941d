/** The decisions of the orchestrator, one by one. The random histories prove that no order of events breaks them. */
import type { Outcome } from '@argonaut/contracts/attempt';
import { expect, test } from 'vitest';
import type { Scope } from '../src/index.ts';
import { manual, noVariables, planOf, script, step } from './processes.ts';
import { failed, neverBegan, Story, succeeded, unknown } from './story.ts';

const scopeOf = (values: Readonly<Record<string, string>>): Scope => ({
  ...noVariables,
  variables: () => values,
});

test('two containers are prepared ahead once the first gate of the lane is open, never before', () => {
  const story = new Story(planOf(['a', 'b', 'c', 'd'].map((name) => step(script(name)))));
  const opened = story.all.findIndex(({ kind }) => kind === 'open');
  expect(story.all.slice(0, opened).filter(({ kind }) => kind === 'stage')).toHaveLength(1);
  expect(story.attempts('stage')).toEqual(['s1-a1', 's2-a1', 's3-a1']);
  story.end('s1-a1', succeeded);
  expect(story.attempts('open')).toEqual(['s1-a1', 's2-a1']);
  expect(story.attempts('stage')).toEqual(['s1-a1', 's2-a1', 's3-a1', 's4-a1']);
});

test('nothing is prepared beyond a manual intervention, nor for a step that runs only on failure', () => {
  const story = new Story(
    planOf([
      step(script('a')),
      step(script('mend'), { condition: { kind: 'Failure' } }),
      step(manual('ask')),
      step(script('b')),
    ]),
  );
  expect(story.attempts('stage')).toEqual(['s1-a1']);
});

test('a question beside the chain holds look-ahead back, too: what follows may wait for days', () => {
  const story = new Story(
    planOf([step(script('a')), step(manual('ask'), { start: 'StartWithPrevious' }), step(script('b'))]),
  );
  expect(story.attempts('stage')).toEqual(['s1-a1']);
  story.tell({ type: 'interruption-answered', interruption: 'ask:2:1', answer: 'Proceed' });
  expect(story.attempts('stage')).toEqual(['s1-a1', 's3-a1']);
  expect(story.attempts('open')).toEqual(['s1-a1']);
});

test('a step that is prepared at its turn only says why', () => {
  const scope = scopeOf({ 'Octopus.Action[a].Output.Tag': '3' });
  const reasonOf = (steps: Parameters<typeof planOf>[0], end = succeeded): string[] => {
    const story = new Story(planOf(steps, { scope }), scope);
    story.end('s1-a1', end);
    const question = story.all.find(({ kind }) => kind === 'ask');
    if (question?.kind === 'ask') {
      const { interruption } = question;
      story.tell({ type: 'interruption-answered', interruption, answer: 'Proceed' });
    }
    expect(story.attempts('open').length).toBe(2);
    return story.lines().filter((line) => line.startsWith('Not prepared ahead'));
  };
  const a = step(script('a'));
  const image = 'tool:#{Octopus.Action[a].Output.Tag}';
  expect(reasonOf([a, step(script('b', { container: { image } }))])).toEqual([
    'Not prepared ahead: what its container is made from depends on the output of "a".',
  ]);
  expect(reasonOf([a, step(script('b'), { condition: { kind: 'Failure' } })], failed)).toEqual([
    'Not prepared ahead: it runs only after a failure.',
  ]);
  expect(reasonOf([a, step(manual('ask')), step(script('b'))])).toEqual([
    'Not prepared ahead: a person had to answer before it.',
  ]);
  const other = { workerPool: { kind: 'pool', id: 'WorkerPools-2' } } as const;
  expect(reasonOf([a, step(script('b', other))])).toEqual([
    'Not prepared ahead: it runs on another worker than the step before.',
  ]);
  // Neither what was prepared ahead nor what starts beside another says anything.
  expect(reasonOf([a, step(script('b'))])).toEqual([]);
  expect(reasonOf([a, step(script('b', other), { start: 'StartWithPrevious' })])).toEqual([]);
});

test('a failure discards what was prepared ahead', () => {
  const story = new Story(planOf([step(script('a')), step(script('b')), step(script('c'))]));
  story.end('s1-a1', failed);
  expect(story.attempts('discard')).toEqual(['s2-a1', 's3-a1']);
  expect(story.attempts('open')).toEqual(['s1-a1']);
  expect(story.completion()).toMatchObject({
    result: 'Failed',
    errorMessage: 'Step "a" failed: Exit code 3.',
  });
});

test('a retry is an attempt of its own, after its back-off', () => {
  const options = { retries: { max: 1, backoffMs: 15_000 } };
  const story = new Story(planOf([step(script('a', { options }))]));
  story.end('s1-a1', failed);
  expect(story.attempts('open')).toEqual(['s1-a1']);
  expect(story.all).toContainEqual(expect.objectContaining({ kind: 'timer', delayMs: 15_000 }));
  story.tell({ type: 'timer-fired', timer: 'retry:1:0.1' });
  expect(story.attempts('open')).toEqual(['s1-a1', 's1-a2']);
  story.end('s1-a2', succeeded);
  expect(story.completion()).toMatchObject({ result: 'Success' });
});

test('an unknown outcome is a failure, and is never retried by itself', () => {
  const options = { retries: { max: 5, backoffMs: 0 } };
  const story = new Story(planOf([step(script('a', { options })), step(script('b'))]));
  story.end('s1-a1', unknown);
  expect(story.attempts('open')).toEqual(['s1-a1']);
  expect(story.completion()).toMatchObject({ result: 'Failed', unknown: true });
  expect(story.completion()?.errorMessage).toMatch(/^Outcome unknown: step "a"/);
});

test.each([
  ['Ignore', 'Success', ['s1-a1', 's2-a1']],
  ['Fail', 'Failed', ['s1-a1']],
] as const)('with guided failure an unknown outcome waits for a person: %s', (answer, result, opened) => {
  const story = new Story(planOf([step(script('a')), step(script('b'))], { guidedFailure: true }));
  story.end('s1-a1', unknown);
  expect(story.completion()).toBeUndefined();
  expect(story.attempts('discard')).toEqual(['s2-a1']);
  story.tell({ type: 'interruption-answered', interruption: 'ask:1:1', answer });
  if (answer === 'Ignore') story.end('s2-a2', succeeded);
  expect(story.completion()).toMatchObject({ result });
  expect(story.attempts('open').map((attempt) => attempt.slice(0, 2))).toEqual(
    opened.map((o) => o.slice(0, 2)),
  );
});

test('a required step offers no way to ignore its failure', () => {
  const story = new Story(planOf([step(script('a', { required: true }))], { guidedFailure: true }));
  story.end('s1-a1', failed);
  expect(story.all.find(({ kind }) => kind === 'ask')).toMatchObject({ choices: ['Fail', 'Retry'] });
  story.tell({ type: 'interruption-answered', interruption: 'ask:1:1', answer: 'Ignore' });
  expect(story.completion()).toBeUndefined();
  story.tell({ type: 'interruption-answered', interruption: 'ask:1:1', answer: 'Retry' });
  story.end('s1-a2', succeeded);
  expect(story.completion()).toMatchObject({ result: 'Success' });
});

test('what never began is prepared again, but not for ever', () => {
  const story = new Story(planOf([step(script('a'))]));
  for (let attempt = 1; attempt <= 4; attempt += 1) story.end(`s1-a${attempt}`, neverBegan);
  expect(story.attempts('open')).toEqual(['s1-a1', 's1-a2', 's1-a3', 's1-a4']);
  expect(story.completion()).toMatchObject({ result: 'Failed' });
});

test('the engine contradicting a success makes the step fail, for every step that has not begun', () => {
  const story = new Story(planOf([step(script('a')), step(script('b')), step(script('c'))]));
  story.tell({ type: 'ended', attempt: 'servertasks-1-s1-a1', outcome: succeeded });
  expect(story.attempts('open')).toEqual(['s1-a1', 's2-a1']);
  const outcome: Outcome = { ...failed, cause: 'disagreement', message: 'The engine says 137.' };
  story.tell({ type: 'confirmed', attempt: 'servertasks-1-s1-a1', outcome });
  story.end('s2-a1', succeeded);
  expect(story.attempts('open')).toEqual(['s1-a1', 's2-a1']);
  expect(story.completion()).toMatchObject({ result: 'Failed' });
});

test('the task is over only when every attempt is confirmed and put away', () => {
  const story = new Story(planOf([step(script('a'))]));
  story.tell({ type: 'ended', attempt: 'servertasks-1-s1-a1', outcome: succeeded });
  expect(story.completion()).toBeUndefined();
  story.tell({ type: 'confirmed', attempt: 'servertasks-1-s1-a1', outcome: succeeded });
  expect(story.completion()).toMatchObject({ result: 'Success' });
});

test('a cancel ends what runs; always-run steps follow within their budget; a second cancel ends them too', () => {
  const steps = [
    step(script('a')),
    step(script('b')),
    step(script('clean'), { condition: { kind: 'Always' } }),
  ];
  const story = new Story(planOf(steps, { budgetAfterCancelMs: 60_000 }));
  story.tell({ type: 'cancel-requested', request: 'one' });
  expect(story.attempts('cancel')).toEqual(['s1-a1']);
  expect(story.attempts('discard')).toEqual(['s2-a1', 's3-a1']);
  expect(story.all).toContainEqual(expect.objectContaining({ kind: 'timer', delayMs: 60_000 }));
  expect(story.lines().at(-1)).toBe('Steps that always run follow, and have 1 minute together.');
  story.end('s1-a1', { result: 'Cancelled', cause: 'cancelled', message: 'TERM.', infrastructure: false });
  expect(story.attempts('open')).toEqual(['s1-a1', 's3-a2']);
  story.tell({ type: 'timer-fired', timer: 'budget-after-cancel' });
  expect(story.attempts('cancel')).toEqual(['s1-a1', 's3-a2']);
  expect(story.lines().at(-1)).toMatch(
    /^The time of steps that always run is over: they have 1 minute after a cancel/,
  );
  story.end('s3-a2', { result: 'Cancelled', cause: 'cancelled', message: 'TERM.', infrastructure: false });
  expect(story.completion()).toMatchObject({ result: 'Canceled' });
});

test('a lost worker makes what ran there unknown, and what was only staged is staged on the next worker', () => {
  const steps = [step(script('a')), step(script('b'), { condition: { kind: 'Always' } })];
  const story = new Story(planOf(steps));
  story.tell({ type: 'worker-lost', pool: 'WorkerPools-1', generation: 1, message: 'It is gone.' });
  expect(story.all.filter(({ kind }) => kind === 'lease')).toHaveLength(2);
  expect(story.attempts('open')).toEqual(['s1-a1', 's2-a2']);
  story.end('s2-a2', succeeded);
  expect(story.completion()).toMatchObject({ result: 'Failed', unknown: true });
});

test('a skipped step says why, and a Variable condition that cannot be evaluated is a warning', () => {
  const variable = (expression: string) => ({ condition: { kind: 'Variable', expression } }) as const;
  const story = new Story(
    planOf([
      step(script('no'), variable('False')),
      step(script('what'), variable('#{Missing}')),
      step(script('yes'), variable('yes')),
    ]),
  );
  story.end('s3-a1', succeeded);
  expect(story.lines()).toContain('Step "no" is skipped: its run condition "False" is false.');
  expect(story.all).toContainEqual(
    expect.objectContaining({
      kind: 'say',
      level: 'Warning',
      text: expect.stringContaining('"what" is skipped'),
    }),
  );
  expect(story.attempts('open')).toEqual(['s3-a1']);
  expect(story.completion()).toMatchObject({ result: 'Success' });
});

/** What the log says under one activity: lines, and statuses as `== … ==`. */
const told = (story: Story, activity: string): string[] =>
  story.all.flatMap((command) => {
    if (!('activity' in command) || command.activity !== activity) return [];
    if (command.kind === 'say') return [command.text];
    return command.kind === 'status' && command.status !== 'Running' ? [`== ${command.status} ==`] : [];
  });

test('every skipped step says once that it is skipped, whoever decided so', () => {
  const story = new Story(
    planOf([
      step(script('off', { enabled: false })),
      step(script('breaks')),
      step(script('after'), { condition: { kind: 'Success' } }),
    ]),
  );
  story.end('s2-a1', failed);
  expect(told(story, 'step-1')).toEqual(['Step "off" is skipped: it is disabled.', '== Skipped ==']);
  expect(told(story, 'step-3')).toEqual([
    'Step "after" is skipped: it runs only after success, and something has failed before it.',
    '== Skipped ==',
  ]);
});

test('what an attempt failed for is told before its status', () => {
  const story = new Story(planOf([step(script('breaks'))]));
  story.end('s1-a1', failed);
  expect(told(story, 'servertasks-1-s1-a1')).toEqual(['Exit code 3.', '== Failed ==']);
  expect(told(story, 'step-1')).toEqual(['== Failed ==']);
});

test('so is that it is tried again', () => {
  const options = { retries: { max: 1, backoffMs: 0 } };
  const story = new Story(planOf([step(script('breaks', { options }))]));
  story.end('s1-a1', failed);
  expect(told(story, 'servertasks-1-s1-a1')).toEqual(['Exit code 3.', 'Retry 1 of 1.', '== Failed ==']);
});

test('an image that cannot be known runs nothing, and every step says why; sentences end once', () => {
  const story = new Story(planOf([step(script('a', { container: { image: 'x:#{if' } })), step(script('b'))]));
  const reason = 'nothing of the process is run, because of what the task says is wrong with it.';
  expect(told(story, 'step-1')).toEqual([`Step "a" is skipped: ${reason}`, '== Skipped ==']);
  expect(told(story, 'step-2')).toEqual([`Step "b" is skipped: ${reason}`, '== Skipped ==']);
  expect(told(story, 'task')[0]).toMatch(/"x:#\{if", cannot be worked out: .*[^.]\. Define/);
  expect(story.completion()).toMatchObject({ result: 'Failed' });
});

test('an image that is built is ordered with its evaluated Dockerfile, once for what is the same', () => {
  const container = (dockerfile: string) => ({
    container: { image: 'the image', build: { dockerfile, arguments: { A: '#{V}' } } },
  });
  const story = new Story(
    planOf([step(script('a', container('FROM x:#{V}'))), step(script('b', container('FROM x:1')))], {
      scope: scopeOf({ V: '1' }),
    }),
    scopeOf({ V: '1' }),
  );
  const orders = story.all.filter((command) => command.kind === 'acquire');
  expect(orders.map(({ build }) => build)).toEqual([{ dockerfile: 'FROM x:1', arguments: { A: '1' } }]);
});
