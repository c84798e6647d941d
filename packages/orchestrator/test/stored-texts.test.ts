/** What is stored and shown of a step holds no secret: each text that would is refused, with what to do instead. */
import { expect, test } from 'vitest';
import type { Action, Scope } from '../src/index.ts';
import { noVariables, planOf, script, step } from './processes.ts';
import { Story } from './story.ts';

const values = { Token: 'trustno1', Other: 'opensesame', Tag: 'v-#{Token}', Plain: 'blue' };

const scope: Scope = {
  ...noVariables,
  variables: () => values,
  sensitive: () => new Set(['Token', 'Other']),
};

function storyOf(changes: Partial<Action>): Story {
  return new Story(planOf([step(script('a', changes))], { scope }), scope);
}

/** Fails with the sentence, and shows the value nowhere. */
function refused(changes: Partial<Action>, sentence: string): void {
  const story = storyOf(changes);
  expect(story.completion()).toMatchObject({
    result: 'Failed',
    errorMessage: expect.stringContaining(sentence),
  });
  expect(story.attempts('stage')).toEqual([]);
  expect(JSON.stringify([story.state, story.all])).not.toMatch(/trustno1|opensesame/);
}

const image = (container: Partial<Action['container']>) => ({ container: { image: 'tool:1', ...container } });
const options = (options: Action['options']) => ({ options });
const program = (command: string[], words: string[] = []) =>
  ({ run: { kind: 'Container', command, arguments: words } }) as const;
const service = (changes: object) => ({
  services: [{ name: 'db', container: { image: 'db:1' }, health: {}, ...changes }],
});

test.each<[string, Partial<Action>, string]>([
  ['image', image({ image: 'tool:#{Token}' }), 'The image "tool:#{Token}" of step "a"'],
  ['image through another variable', image({ image: 'tool:#{Tag}' }), 'The image "tool:#{Tag}" of step "a"'],
  ['feed', image({ feed: '#{Token}' }), 'The feed "#{Token}" of step "a"'],
  [
    'Dockerfile',
    image({ build: { dockerfile: 'FROM x\nENV T=#{Token}', arguments: {} } }),
    'The Dockerfile "FROM x ENV T=#{Token}" of step "a"',
  ],
  [
    'build argument',
    image({ build: { dockerfile: 'FROM x', arguments: { A: '#{Token}' } } }),
    'The build argument A "#{Token}" of step "a"',
  ],
  [
    'options of the container',
    options({ containerOptions: '--label t=#{Token}' }),
    'The container options "--label t=#{Token}" of step "a"',
  ],
  ['user', options({ user: '#{Token}' }), 'The user "#{Token}" of step "a"'],
  ['hosts', options({ extraHosts: ['db:10.0.0.1,#{Token}:10.0.0.2'] }), 'The extra host "db:10'],
  ['name servers', options({ dns: ['#{Token}'] }), 'The DNS server "#{Token}" of step "a"'],
  ['command', program(['psql', '-c', '#{Token}']), 'The command "#{Token}" of step "a"'],
  [
    'part of it',
    options({ user: '#{Token | Substring 4}' }),
    'The user "#{Token | Substring 4}" of step "a"',
  ],
  [
    'image of a service',
    service({ container: { image: 'db:#{Token}' } }),
    'The image "db:#{Token}" of the service "db" of step "a"',
  ],
  ['user of a service', service({ user: '#{Token}' }), 'The user of service "db" "#{Token}" of step "a"'],
])('a secret is refused: %s', (_, changes, sentence) => {
  refused(changes, `${sentence}`);
  refused(changes, ' depends on the sensitive variable "Token".');
});

test.each([
  ['variable', { kind: 'variable', name: 'Token' }, '#{Token}'],
  ['template', { kind: 'template', template: 'Pools-#{Token}' }, 'Pools-#{Token}'],
] as const)('a secret is refused as the pool that runs the step: %s', (_, workerPool, written) => {
  const plan = planOf([step(script('a', { workerPool }))], { scope });
  expect(plan.problems).toEqual([
    expect.stringContaining(
      `The worker pool "${written}" of step "a" depends on the sensitive variable "Token".`,
    ),
  ]);
  expect(JSON.stringify(plan)).not.toContain('trustno1');
});

test('the refusal says what to do instead', () => {
  refused(options({ user: '#{Token}' }), 'Put the value into the environment instead');
  refused(image({ image: '#{Token}' }), 'use a variable that is not sensitive');
});

test('every variable is named, and those only that matter', () => {
  refused(
    options({ containerOptions: '--label a=#{Token} --label b=#{Other} --label c=#{Plain}' }),
    'depends on the sensitive variables "Token" and "Other".',
  );
});

test('what goes through the gate is left alone, and so is what is not sensitive', () => {
  const story = storyOf({
    ...program(['psql', '#{Plain}'], ['-c', '#{Token}']),
    options: { user: '#{Plain}', containerOptions: '--label c=#{Plain}' },
  });
  expect(story.attempts('open')).toHaveLength(1);
  expect(JSON.stringify([story.state, story.all])).not.toContain('trustno1');
});
