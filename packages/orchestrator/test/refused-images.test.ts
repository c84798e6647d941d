/** An image that a registry refuses is no matter for another try. */
import { expect, test } from 'vitest';
import { noVariables, planOf, script, step } from './processes.ts';
import { Story, succeeded } from './story.ts';

/** Known only when a step has ended: what is known before is acquired before, and fails the task. */
const late = 'tool:#{if Octopus.Action[a].Output.Tag}2#{else}1#{/if}';

function follow(final: boolean | undefined, guidedFailure = false): Story {
  const options = { retries: { max: 3, backoffMs: 0 } };
  const steps = [step(script('a')), step(script('b', { options, container: { image: late } }))];
  const story = new Story(planOf(steps, { guidedFailure }), noVariables, (command) => {
    if (command.kind !== 'acquire' || command.reference !== 'tool:1') return undefined;
    const { image, acquisition } = command;
    const said = final === undefined ? {} : { final };
    return { type: 'acquire-failed', image, acquisition, message: 'No.', ...said };
  });
  story.end('s1-a1', succeeded);
  return story;
}

const asked = (story: Story) =>
  story.all.filter((command) => command.kind === 'acquire' && command.reference === 'tool:1').length;

test.each([
  ['whom the registry refused', true, 1],
  ['that cannot be had just now', undefined, 4],
] as const)(
  'an image %s (final: %s) is asked for so many times with three retries: %i',
  (_, final, times) => {
    const story = follow(final);
    expect(asked(story)).toBe(times);
    expect(story.completion()).toMatchObject({ result: 'Failed', errorMessage: 'Step "b" failed: No.' });
  },
);

test('a person who has corrected the password may have it asked for again', () => {
  const story = follow(true, true);
  expect(asked(story)).toBe(1);
  story.tell({ type: 'interruption-answered', interruption: 'ask:2:1', answer: 'Retry' });
  expect(asked(story)).toBe(2);
});
