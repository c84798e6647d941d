/** Processes for tests: small ones by name, and random ones. */
import {
  type Action,
  type BoundOption,
  type PackageReference,
  type Plan,
  type PlanInput,
  type ProcessSnapshot,
  plainAction,
  plan,
  type Scope,
  type Step,
} from '../src/index.ts';
import type { Random } from './random.ts';

export function script(id: string, changes: Partial<Action> = {}): Action {
  const run = { kind: 'Script', syntax: 'Sh', source: { kind: 'Inline', body: 'true' } } as const;
  return { ...plainAction(id, id, run), container: { image: 'alpine:3' }, ...changes };
}

export function packageReference(name: string, changes: Partial<PackageReference> = {}): PackageReference {
  const place = { feed: 'feeds-builtin', acquisition: 'Server', extract: true } as const;
  return { name, packageId: `Acme.${name}`, version: '1.0.0', ...place, ...changes };
}

export function manual(id: string, changes: Partial<Action> = {}): Action {
  return {
    ...plainAction(id, id, { kind: 'Manual', instructions: 'Look at it.', responsibleTeams: [] }),
    ...changes,
  };
}

export function step(action: Action | readonly Action[], changes: Partial<Step> = {}): Step {
  const actions = Array.isArray(action) ? [...action] : [action as Action];
  const name = actions[0]?.name ?? 'empty';
  return {
    id: `step-of-${name}`,
    name,
    condition: { kind: 'Success' },
    start: 'StartAfterPrevious',
    actions,
    ...changes,
  };
}

export const noVariables: Scope = { variables: () => ({}), nowMs: 0 };

export function planOf(steps: readonly Step[], changes: Partial<PlanInput> = {}): Plan {
  const process: ProcessSnapshot = { schema: 1, steps: [...steps] };
  return plan({
    task: 'ServerTasks-1',
    title: 'Deploy',
    server: 'server-1',
    attemptPrefix: 'servertasks-1',
    process,
    defaultPool: 'WorkerPools-1',
    scope: noVariables,
    ...changes,
  });
}

/** Any process that a person could save: up to six steps, of every kind and condition. */
export function randomSteps(random: Random): Step[] {
  const count = 1 + random.below(6);
  return Array.from({ length: count }, (_, index) => {
    const actions = Array.from({ length: random.chance(0.15) ? 2 : 1 }, (_, position) =>
      randomAction(`s${index + 1}${position === 0 ? '' : 'b'}`, random),
    );
    return step(actions, {
      start: random.chance(0.35) ? 'StartWithPrevious' : 'StartAfterPrevious',
      condition: random.pick([
        { kind: 'Success' },
        { kind: 'Success' },
        { kind: 'Always' },
        { kind: 'Failure' },
        { kind: 'Variable', expression: random.pick(['True', 'False']) },
      ] as const),
    });
  });
}

/** Options that variables decide: right ones, and some that turn out wrong when the step's turn has come. */
const BOUND: readonly BoundOption[] = [
  { option: 'retries', property: 'Retries', template: '#{unless Nothing}1#{/unless}' },
  { option: 'cpus', property: 'Cpus', template: '#{unless Nothing}0.5#{/unless}' },
  { option: 'timeout', property: 'Timeout', template: '#{Octopus.Action[s1].Output.Minutes}' },
  { option: 'network', property: 'Network', template: '#{Octopus.Action[s1].Output.Network}' },
];

function randomAction(id: string, random: Random): Action {
  const common: Partial<Action> = {
    enabled: !random.chance(0.1),
    required: random.chance(0.2),
    condition: random.chance(0.1) ? { kind: 'Variable', expression: 'True' } : { kind: 'Success' },
  };
  const kind = random.below(10);
  if (kind === 0) return manual(id, common);
  if (kind === 1)
    return { ...plainAction(id, id, { kind: 'Unsupported', actionType: 'Octopus.Other' }), ...common };
  const action = script(id, {
    ...common,
    workerPool: random.chance(0.3) ? { kind: 'pool', id: 'WorkerPools-2' } : { kind: 'default' },
    container: { image: random.pick(['alpine:3', 'debian:12']) },
    packages: random.chance(0.2) ? [packageReference(random.pick(['web', 'tools']))] : [],
    options: {
      ...(random.chance(0.3)
        ? { retries: { max: 1 + random.below(2), backoffMs: random.pick([0, 1000]) } }
        : {}),
      ...(random.chance(0.3) ? { holdOnFailureMs: 60_000 } : {}),
      ...(random.chance(0.2) ? { bound: [random.pick(BOUND)] } : {}),
    },
  });
  if (!random.chance(0.25)) return action;
  const { container: _, ...onHost } = action;
  return onHost;
}
