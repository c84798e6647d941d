/** What a plan decides: numbers, groups, lanes, pools, what is skipped and why, what may be staged early. */
import { describe, expect, test } from 'vitest';
import { readsOf } from '../src/dependencies.ts';
import { manual, planOf, script, step } from './processes.ts';

const actionsOf = (plan: ReturnType<typeof planOf>) => plan.steps.flatMap(({ actions }) => actions);
const lanesOf = (plan: ReturnType<typeof planOf>) =>
  actionsOf(plan).map(({ lane }) => lane?.split('-').at(-1));
const scopeOf = (values: Record<string, string>) => ({ variables: () => values, nowMs: 0 });

describe('lanes', () => {
  test('consecutive steps of one pool share a lane; another pool begins a new one', () => {
    const other = { workerPool: { kind: 'pool', id: 'WorkerPools-2' } } as const;
    const plan = planOf([step(script('a')), step(script('b')), step(script('c', other)), step(script('d'))]);
    expect(lanesOf(plan)).toEqual(['l1', 'l1', 'l2', 'l3']);
  });

  test('a step that starts with the one before has a lane of its own; the chain goes on past it', () => {
    const plan = planOf([
      step(script('a')),
      step(script('b'), { start: 'StartWithPrevious' }),
      step(script('c')),
    ]);
    expect(lanesOf(plan)).toEqual(['l1', 'l2', 'l1']);
    expect(plan.steps.map(({ group }) => group)).toEqual([0, 0, 1]);
  });

  test('a manual intervention ends a lane: nobody holds a sandbox for days', () => {
    expect(lanesOf(planOf([step(script('a')), step(manual('ask')), step(script('b'))]))).toEqual([
      'l1',
      undefined,
      'l2',
    ]);
  });
});

describe('skipped steps', () => {
  const input = {
    environment: { id: 'Environments-1', name: 'Test' },
    channel: { id: 'Channels-1', name: 'Default' },
    tenant: { id: 'Tenants-1', tags: ['ring/early'] },
  };
  test.each([
    ['it is disabled', { enabled: false }],
    ['it is not meant for environment "Test"', { environments: ['Environments-2'] }],
    ['it excludes environment "Test"', { excludedEnvironments: ['Environments-1'] }],
    ['it is not meant for channel "Default"', { channels: ['Channels-2'] }],
    ['it is meant for tenants tagged ring/late only', { tenantTags: ['ring/late'] }],
  ])('%s', (reason, changes) => {
    const [action] = actionsOf(planOf([step(script('a', changes))], input));
    expect(action?.skip).toBe(`Step "a" is skipped: ${reason}.`);
    expect(action?.lane).toBeUndefined();
  });

  test('a step that fits every filter runs', () => {
    const fits = { environments: ['Environments-1'], channels: ['Channels-1'], tenantTags: ['ring/early'] };
    expect(actionsOf(planOf([step(script('a', fits))], input))[0]?.skip).toBeUndefined();
  });

  test('a required step cannot be left out, an unknown one neither; both are said at once', () => {
    const steps = [step(script('a', { required: true }))];
    expect(() => planOf(steps, { excludedActions: ['a', 'zzz'] })).toThrow(
      /"a" is required.*no action "zzz"/,
    );
  });
});

describe('problems are found before a worker is leased', () => {
  test('an image whose variable is missing, named', () => {
    const plan = planOf([step(script('a', { container: { image: 'app:#{Version}' } }))]);
    expect(plan.problems).toEqual([expect.stringMatching(/step "a", "app:#\{Version\}".*Version/)]);
  });

  test('a pool variable without a value, named', () => {
    const workerPool = { kind: 'variable', name: 'Pool' } as const;
    expect(planOf([step(script('a', { workerPool }))]).problems).toEqual([
      expect.stringContaining('variable "Pool"'),
    ]);
    const plan = planOf([step(script('a', { workerPool }))], { scope: scopeOf({ Pool: 'WorkerPools-7' }) });
    expect(actionsOf(plan)[0]?.pool).toBe('WorkerPools-7');
  });
});

describe('what may be staged early', () => {
  const early = (image: string, values: Record<string, string> = {}) =>
    actionsOf(
      planOf([step(script('make')), step(script('use', { container: { image } }))], {
        scope: scopeOf(values),
      }),
    )[1]?.early;

  test('everything, when the image reads no output', () => {
    expect(early('app:#{V}', { V: '1' })).toEqual({ kind: 'after', actions: [] });
  });

  test('once the action is over whose output it reads, also through other variables', () => {
    expect(early('app:#{Octopus.Action[make].Output.Tag}')).toEqual({ kind: 'after', actions: ['1'] });
    const values = {
      Image: '#{Registry}/app:#{Tag}',
      Registry: 'r',
      Tag: '#{Octopus.Action[make].Output.Tag}',
    };
    expect(early('#{Image}', values)).toEqual({ kind: 'after', actions: ['1'] });
  });

  test('never, when it reads how earlier steps ended or computes the name of a variable that may be an output', () => {
    expect(early('app:#{if Octopus.Deployment.Error}bad#{else}good#{/if}')).toMatchObject({ kind: 'never' });
    const values = { A: 'x', x: '#{Octopus.Action[make].Output.Tag}' };
    expect(early('app:#{B[#{A}]}', values)).toMatchObject({ kind: 'never' });
  });

  test('a circle of variables ends', () => {
    expect(readsOf(['#{A}'], { A: '#{B}', B: '#{A}' })).toEqual({ outputsOf: [] });
  });
});
