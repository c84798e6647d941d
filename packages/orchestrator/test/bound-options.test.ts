/** Options that variables decide: evaluated at the step's turn, read like written ones, wrong ones told clearly. */
import { describe, expect, it } from 'vitest';
import { type Action, type BoundOption, OPTION_WORDS, type OptionName, type Scope } from '../src/index.ts';
import { manual, planOf, script, step } from './processes.ts';
import { Random } from './random.ts';
import { World } from './world.ts';

function bind(option: OptionName, template: string): BoundOption {
  return { option, property: `Property.${option}`, template };
}

function bound(options: readonly BoundOption[], more: Partial<Action> = {}): Action {
  return script('web', { ...more, options: { ...more.options, bound: [...options] } });
}

function scopeOf(values: Record<string, string | null>, sensitive: readonly string[] = []): Scope {
  return { variables: () => values, sensitive: () => new Set(sensitive), nowMs: 0 };
}

/** Runs the step in a world without trouble, and gives back all that was ordered and said. */
function run(action: Action, scope: Scope, before: Action[] = []) {
  const plan = planOf(
    [...before, action].map((one) => step(one)),
    { scope },
  );
  const world = new World(plan, new Random(1), scope);
  world.deliver({ type: 'begin' });
  while (world.tick(0));
  world.checkEnd();
  return { plan, commands: world.commands, state: world.state };
}

function ordered<K extends string>(commands: readonly { kind: string }[], kind: K) {
  return commands.find((command) => command.kind === kind) as unknown as Record<string, unknown>;
}

describe('an option that a variable decides', () => {
  it.each<[OptionName, string, string, object]>([
    ['timeout', '1.5', 'open', { timeoutMs: 90_000 }],
    ['grace', '7', 'open', { graceMs: 7000 }],
    ['oneStream', 'true', 'stage', { staging: { oneStream: true } }],
    ['errorOutput', 'True', 'stage', { staging: { failOnErrorOutput: true } }],
    ['serviceMessages', 'False', 'stage', { staging: { serviceMessages: false } }],
    ['hold', '2', 'stage', { staging: { holdOnFailureMs: 120_000 } }],
    ['cpus', '0.5', 'stage', { staging: { limits: { cpus: 0.5 } } }],
    ['memory', '512m', 'stage', { staging: { limits: { memoryBytes: 512 * 1024 * 1024 } } }],
    ['pids', '100', 'stage', { staging: { limits: { pids: 100 } } }],
    ['network', 'Own', 'stage', { staging: { place: { network: 'own' } } }],
    ['readOnlyRoot', ' True ', 'stage', { staging: { place: { readOnlyRoot: true } } }],
    ['leftovers', 'linger', 'stage', { staging: { leftovers: 'linger' } }],
    ['pull', 'Never', 'acquire', { pull: 'never' }],
  ])('%s = %j reaches the worker', (option, value, order, expected) => {
    const { commands, plan } = run(bound([bind(option, '#{V}')]), scopeOf({ V: value }));
    expect(plan.problems).toEqual([]);
    expect(ordered(commands, order)).toMatchObject(expected);
  });

  it('counts more than what is written beside it; without a value the default holds', () => {
    const options = [bind('timeout', '#{V}')];
    const written = { options: { timeoutMs: 1000 } };
    const order = (value: string) =>
      ordered(run(bound(options, written), scopeOf({ V: value })).commands, 'open');
    expect(order('2')).toMatchObject({ timeoutMs: 120_000 });
    expect(order('')).toMatchObject({ timeoutMs: 1000 });
  });

  it('retries: as often, and with the pause, that variables say', () => {
    const scope = scopeOf({ Count: '1', Pause: '30' });
    const action = bound([bind('retries', '#{Count}'), bind('backoff', '#{Pause}')]);
    const plan = planOf([step(action)], { scope });
    const world = new World(plan, new Random(1), scope);
    world.deliver({ type: 'begin' });
    while (!world.commands.some(({ kind }) => kind === 'open')) world.tick(0);
    const attempt = Object.keys(world.state.attempts)[0] ?? '';
    world.deliver({ type: 'opened', attempt });
    const outcome = {
      result: 'Failed',
      cause: 'exited',
      message: 'It ended with code 1.',
      infrastructure: false,
    } as const;
    world.deliver({ type: 'ended', attempt, outcome });
    expect(world.commands.find(({ kind }) => kind === 'timer')).toMatchObject({ delayMs: 30_000 });
  });

  it.each<[OptionName, string]>([
    ['timeout', 'soon'],
    ['timeout', '-1'],
    ['timeout', '1e9'],
    ['grace', '5s'],
    ['retries', '1.5'],
    ['backoff', 'x'],
    ['oneStream', 'yes'],
    ['errorOutput', 'maybe'],
    ['serviceMessages', '1'],
    ['hold', 'ever'],
    ['cpus', '0'],
    ['memory', '1m'],
    ['pids', '2'],
    ['network', 'host'],
    ['readOnlyRoot', 'no'],
    ['leftovers', 'keep'],
    ['pull', 'sometimes'],
    ['runOnWorker', 'False'],
  ])(
    '%s = %j is told before a worker is asked: step, property, template, value, and what it must be',
    (option, value) => {
      const { plan, commands } = run(bound([bind(option, '#{V}')]), scopeOf({ V: value }));
      expect(plan.problems).toEqual([
        `Step "web": the property Property.${option} is "#{V}", which comes to "${value}". It must be ${OPTION_WORDS[option].meaning}.`,
      ]);
      expect(commands.some(({ kind }) => kind === 'lease')).toBe(false);
      expect(ordered(commands, 'complete')).toMatchObject({
        result: 'Failed',
        errorMessage: plan.problems[0],
      });
    },
  );

  it('that contradicts another is told before a worker is asked, too', () => {
    const options = [bind('oneStream', '#{V}'), bind('errorOutput', '#{V}')];
    const { plan } = run(bound(options), scopeOf({ V: 'True' }));
    expect(plan.problems).toEqual([
      expect.stringMatching(/^Step "web": .*FailScriptOnErrorOutput.*OneStream/),
    ]);
    expect(run(bound(options), scopeOf({ V: 'False' })).plan.problems).toEqual([]);
  });

  it('that reads an output is decided at its turn, and then fails its step alone', () => {
    const first = script('first');
    const template = '#{Octopus.Action[first].Output.Minutes}';
    for (const option of ['timeout', 'cpus'] as const) {
      const { plan, commands, state } = run(
        bound([bind(option, template)]),
        scopeOf({ 'Octopus.Action[first].Output.Minutes': 'soon' }),
        [first],
      );
      expect(plan.problems).toEqual([]);
      expect(state.actions['1']?.result).toBe('Success');
      expect(state.actions['2']).toMatchObject({
        result: 'Failed',
        message: expect.stringContaining('"soon"'),
      });
      expect(commands.filter(({ kind }) => kind === 'open')).toHaveLength(1);
    }
  });

  it('never shows a secret when it is wrong', () => {
    const scope = scopeOf({ V: 'canary #{X}', X: 'canary-2' }, ['V', 'X']);
    const { plan, commands } = run(bound([bind('timeout', '#{V}')]), scope);
    expect(plan.problems[0]).toContain('comes to "********"');
    expect(JSON.stringify(commands)).not.toContain('canary');
  });

  it('never quotes a secret in a reason either', () => {
    const scope = scopeOf({ V: 'x', S: 'canary(', T: 'p#{canary}' }, ['S', 'T']);
    for (const template of ['#{V | Match #{S}}', '#{S | VersionMajor}', '#{T}']) {
      const { plan, commands } = run(bound([bind('timeout', template)]), scope);
      expect(plan.problems).toEqual([expect.stringContaining('cannot be evaluated')]);
      const image = run(script('web', { container: { image: template } }), scope);
      expect(image.plan.problems).toEqual([expect.stringContaining('cannot be worked out')]);
      expect(JSON.stringify([commands, image.commands])).not.toContain('canary');
    }
  });

  it('that names what is not there is told with the name', () => {
    const { plan } = run(bound([bind('timeout', '#{Nowhere}')]), scopeOf({}));
    expect(plan.problems).toEqual([
      expect.stringMatching(/Property\.timeout is "#\{Nowhere\}", which cannot be evaluated: .*Nowhere/),
    ]);
  });
});

describe('other places where variables decide', () => {
  it('a list of hosts may come out of one variable', () => {
    const scope = scopeOf({ Hosts: 'db:10.0.0.1,\ncache:10.0.0.2', None: '' });
    const options = { extraHosts: ['#{Hosts}', '#{None}'], dns: ['#{None}'] };
    expect(ordered(run(script('web', { options }), scope).commands, 'stage')).toMatchObject({
      staging: { place: { network: 'own', extraHosts: ['db:10.0.0.1', 'cache:10.0.0.2'], dns: [] } },
    });
  });

  it('the image and the feed that it comes from', () => {
    const container = { image: 'app:#{Tag}', feed: 'Feeds-#{Feed}' };
    const { commands } = run(script('web', { container }), scopeOf({ Tag: '2', Feed: '7' }));
    expect(ordered(commands, 'acquire')).toMatchObject({ reference: 'app:2', feed: 'Feeds-7' });
  });

  it('the variable Octopus.Action.Container.Options holds for steps that have no options of their own', () => {
    const scope = scopeOf({ 'octopus.action.container.options': '--memory #{Size}', Size: '64m' });
    const staging = (action: Action) => ordered(run(action, scope).commands, 'stage').staging;
    expect(staging(script('web'))).toMatchObject({ containerOptions: '--memory 64m' });
    const own = script('web', { options: { containerOptions: '--init' } });
    expect(staging(own)).toMatchObject({ containerOptions: '--init' });
  });

  it('the variable Octopus.Action.MaxParallelism says how many steps run at once', () => {
    const plan = (value: string) =>
      planOf([step(script('web'))], { scope: scopeOf({ 'Octopus.Action.MaxParallelism': value, N: '3' }) });
    expect(plan('#{N}')).toMatchObject({ maxParallelism: 3, problems: [] });
    for (const value of ['0', 'many', '#{Nowhere}']) {
      expect(plan(value).problems).toEqual([expect.stringContaining('whole number of at least 1')]);
    }
  });

  it('a worker pool may be a longer template', () => {
    const workerPool = { kind: 'template', template: 'WorkerPools-#{if Big}2#{else}1#{/if}' } as const;
    const plan = planOf([step(script('web', { workerPool }))], { scope: scopeOf({ Big: 'True' }) });
    expect(plan.steps[0]?.actions[0]?.pool).toBe('WorkerPools-2');
  });

  it('instructions and teams of a manual intervention; secrets are asterisks', () => {
    const run = {
      kind: 'Manual',
      instructions: 'Look at #{Site} with #{Password}.',
      responsibleTeams: ['#{Teams}', 'Teams-3'],
    } as const;
    const scope = scopeOf({ Site: 'example.org', Password: 'canary', Teams: 'Teams-1, Teams-2' }, [
      'Password',
    ]);
    const ask = ordered(
      runOf(manual('look', { run: { ...run, responsibleTeams: [...run.responsibleTeams] } }), scope),
      'ask',
    );
    expect(ask).toMatchObject({
      text: 'Look at example.org with ********.',
      teams: ['Teams-1', 'Teams-2', 'Teams-3'],
    });
  });

  it('teams that cannot be worked out fail the step: nobody else may answer for them', () => {
    const action = manual('look', {
      run: { kind: 'Manual', instructions: '', responsibleTeams: ['#{Nowhere}'] },
    });
    const commands = runOf(action, scopeOf({}));
    expect(ordered(commands, 'ask')).toBeUndefined();
    expect(ordered(commands, 'complete')).toMatchObject({
      result: 'Failed',
      errorMessage: expect.stringContaining('the responsible team "#{Nowhere}" cannot be evaluated'),
    });
  });
});

function runOf(action: Action, scope: Scope) {
  return run(action, scope).commands;
}
