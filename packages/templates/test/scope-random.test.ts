/** Random definitions in random places, beside a plain model of the rules. ARGONAUT_SEED repeats a run. */

import { expect, it } from 'vitest';
import { ORIGINS, resolveVariables, type ScopeContext, type ScopedVariable } from '../src/index.ts';

const seed = Number(process.env.ARGONAUT_SEED ?? Math.floor(Math.random() * 2 ** 31));
let state = seed >>> 0;
const random = (below: number): number => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * below);
};
const IDS = ['a', 'b', 'c'] as const;
const some = (): string[] => IDS.filter(() => random(3) === 0);
const maybe = (): string | undefined => [...IDS, undefined][random(4)];

const single = {
  steps: 'step',
  machines: 'machine',
  tenants: 'tenant',
  environments: 'environment',
  channels: 'channel',
  processes: 'process',
  projects: 'project',
} as const;
/** Most specific first; `null`: the tags of the machine that the step targets. */
const ORDER = [
  'steps',
  'machines',
  null,
  'roles',
  'tenants',
  'tenantTags',
  'environments',
  'channels',
  'processes',
  'projects',
] as const;

/** What holds on each rank, 1 or 0; null if the definition does not apply. */
function ranksOf({ scope }: ScopedVariable, context: ScopeContext): number[] | null {
  const machine = context.machineRoles ?? [];
  const targeted = machine.filter((role) => context.stepRoles?.includes(role));
  const meets = (wanted: readonly string[] | undefined, there: readonly (string | undefined)[]): boolean =>
    (wanted ?? []).some((one) => there.includes(one));
  const thereFor = (name: (typeof ORDER)[number]): readonly (string | undefined)[] => {
    if (name === null) return targeted;
    if (name === 'roles') return machine;
    if (name === 'tenantTags') return context.tenantTags ?? [];
    return [context[single[name]]];
  };
  for (const name of ORDER)
    if (name !== null && (scope[name]?.length ?? 0) > 0 && !meets(scope[name], thereFor(name))) return null;
  const isTargeted = meets(scope.roles, targeted);
  return ORDER.map((name) => {
    if (name === 'roles' && isTargeted) return 0;
    return Number(meets(scope[name ?? 'roles'], thereFor(name)));
  });
}

/** Null if none applies. */
function expected(definitions: readonly ScopedVariable[], context: ScopeContext): string | null {
  const ranked = definitions.flatMap((variable, at) => {
    const ranks = ranksOf(variable, context);
    return ranks === null
      ? []
      : [{ variable, key: [...ranks.map((one) => -one), ORIGINS.indexOf(variable.origin), at] }];
  });
  const compare = (a: readonly number[], b: readonly number[]): number => {
    const differs = a.findIndex((one, at) => one !== b[at]);
    return differs === -1 ? 0 : (a[differs] ?? 0) - (b[differs] ?? 0);
  };
  return ranked.toSorted((a, b) => compare(a.key, b.key))[0]?.variable.value ?? null;
}

it(`the value that the rules say holds (ARGONAUT_SEED=${seed})`, () => {
  let decided = 0;
  for (let round = 0; round < 3000; round++) {
    const definitions = Array.from({ length: 1 + random(6) }, (_, at): ScopedVariable => {
      const names = ORDER.filter((name) => name !== null && random(4) === 0);
      const scope = Object.fromEntries(names.map((name) => [name, some()]));
      return { name: 'V', value: String(at), scope, origin: ORIGINS[random(3)] ?? 'project' };
    });
    const context = Object.fromEntries(
      Object.entries({
        ...Object.fromEntries(Object.values(single).map((name) => [name, maybe()])),
        stepRoles: some(),
        machineRoles: some(),
        tenantTags: some(),
      }).filter(([, value]) => value !== undefined),
    ) as ScopeContext;
    const want = expected(definitions, context);
    const { values, explanation } = resolveVariables(definitions, context);
    const shown = JSON.stringify({ definitions, context });
    expect(values.V ?? null, shown).toBe(want);
    expect(explanation[0]?.losers.length, shown).toBe(definitions.length - (want === null ? 0 : 1));
    if (want !== null) decided++;
  }
  expect(decided).toBeGreaterThan(500);
});
