/** Which images can be named before anything has run. */
import { expect, test } from 'vitest';
import { knownImages } from '../src/index.ts';
import { planOf, script, step } from './processes.ts';

const inImage = (name: string, image: string, feed?: string) =>
  step(script(name, { container: { image, ...(feed === undefined ? {} : { feed }) } }));

const namesIn = (steps: Parameters<typeof planOf>[0], values: Record<string, string> = {}) => {
  const scope = { variables: () => values, nowMs: 0 };
  return knownImages(planOf(steps, { scope }), scope).map(
    ({ feed = '', reference }) => `${feed}|${reference}`,
  );
};

test('each image once, with the variables of the scope', () => {
  const steps = [
    inImage('a', 'web:#{Tag}', '#{Feed}'),
    inImage('b', 'web:2', 'Feeds-1'),
    inImage('c', 'db:1'),
  ];
  expect(namesIn(steps, { Tag: '2', Feed: 'Feeds-1' })).toEqual(['Feeds-1|web:2', '|db:1']);
});

test('what has no value yet, or comes from a step, is not known; neither is the image of a step that is skipped', () => {
  const steps = [
    inImage('a', 'web:#{Missing}'),
    inImage('b', 'web:#{Octopus.Action[a].Output.Tag}'),
    inImage('c', 'web:#{if Octopus.Action[a].Output.Tag}2#{else}1#{/if}'),
    step(script('d', { container: { image: 'web:3' }, enabled: false })),
  ];
  expect(namesIn(steps)).toEqual([]);
});

test('of an image that is built its Dockerfile, with the variables of the scope, unless a step decides it', () => {
  const built = (name: string, dockerfile: string) => {
    const build = { dockerfile, arguments: { BASE: '#{Base}' } };
    return step(script(name, { container: { image: `the image of ${name}`, build } }));
  };
  const steps = [
    built('a', 'FROM web:#{Tag}'),
    built('b', 'FROM web:#{Missing}'),
    built('c', 'FROM web:#{Octopus.Action[a].Output.Tag}'),
  ];
  const scope = { variables: () => ({ Tag: '2', Base: 'x' }), nowMs: 0 };
  expect(knownImages(planOf(steps, { scope }), scope)).toEqual([
    { reference: 'the image of a', build: { dockerfile: 'FROM web:2', arguments: { BASE: 'x' } } },
  ]);
});
