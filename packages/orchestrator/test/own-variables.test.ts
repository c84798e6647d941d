/** What an action says of its image: only a name that means the image. */
import { expect, it } from 'vitest';
import { ownVariables, plainAction } from '../src/index.ts';
import type { ContainerChoice } from '../src/process.ts';

const NAME = 'Octopus.Action.Container.Image';

function variablesOf(container?: ContainerChoice) {
  const action = {
    ...plainAction('actions-1', 'Build', { kind: 'Container' }),
    ...(container === undefined ? {} : { container }),
  };
  return ownVariables({ step: { id: 'steps-1', name: 'Build', number: 1 }, action, number: '1' });
}

it('an image that is pulled has its name', () => {
  expect(variablesOf({ image: 'alpine:#{Version}' })).toHaveProperty([NAME], 'alpine:#{Version}');
});

it('an image that is built has none; neither has a step without an image', () => {
  const build = { dockerfile: 'FROM scratch', arguments: {} };
  expect(variablesOf({ image: 'the image of step "Build"', build })).not.toHaveProperty([NAME]);
  expect(variablesOf()).not.toHaveProperty([NAME]);
});
