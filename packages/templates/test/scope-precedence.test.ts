/**
 * Scope precedence as a table. Each row is one variable with two definitions: the one that must win in the
 * context below, and the one that must lose, with the reason that a user is told.
 */

import { describe, expect, it } from 'vitest';
import {
  describeLoss,
  type LossReason,
  type Origin,
  RANKS,
  resolveVariables,
  type Scope,
  type ScopeContext,
  type ScopedVariable,
} from '../src/index.ts';

const here: ScopeContext = {
  step: 'Deploy web',
  stepRoles: ['web'],
  machine: 'host-1',
  machineRoles: ['web', 'linux'],
  tenant: 'Acme',
  tenantTags: ['Ring/early'],
  environment: 'Production',
  channel: 'Stable',
  process: 'Deployment process',
  project: 'Shop',
};

const step: Scope = { steps: ['Deploy web'] };
const machine: Scope = { machines: ['host-1'] };
const targetedTag: Scope = { roles: ['web'] };
const otherTag: Scope = { roles: ['linux'] };
const tenant: Scope = { tenants: ['Acme'] };
const tenantTag: Scope = { tenantTags: ['Ring/early'] };
const environment: Scope = { environments: ['Production'] };
const channel: Scope = { channels: ['Stable'] };
const process: Scope = { processes: ['Deployment process'] };
const project: Scope = { projects: ['Shop'] };
const none: Scope = {};

const lessSpecific = (decidedBy: (typeof RANKS)[number]): LossReason => ({
  kind: 'less specific',
  decidedBy,
});
const elsewhere = (dimension: keyof Scope): LossReason => ({ kind: 'does not apply', dimension });

type Row = [what: string, winner: Scope, loser: Scope, because: LossReason, origins?: [Origin, Origin]];

const table: Row[] = [
  // one row per rank: each beats the next
  ['1 step beats 2 machine', step, machine, lessSpecific('step')],
  ['2 machine beats 3 targeted tag', machine, targetedTag, lessSpecific('machine')],
  [
    '3 targeted tag beats 4 other tag',
    targetedTag,
    otherTag,
    lessSpecific('tag of the machine that the step targets'),
  ],
  ['4 other tag beats 5 tenant', otherTag, tenant, lessSpecific('tag of the machine')],
  ['5 tenant beats 6 tenant tag', tenant, tenantTag, lessSpecific('tenant')],
  ['6 tenant tag beats 7 environment', tenantTag, environment, lessSpecific('tenant tag')],
  ['7 environment beats 8 channel', environment, channel, lessSpecific('environment')],
  ['8 channel beats 9 process', channel, process, lessSpecific('channel')],
  ['9 process beats 10 project', process, project, lessSpecific('process')],
  ['10 project beats 11 none', project, none, lessSpecific('project')],
  // more dimensions at the same top rank
  [
    'tag and environment beat the tag',
    { ...targetedTag, ...environment },
    targetedTag,
    lessSpecific('environment'),
  ],
  ['step and channel beat the step', { ...step, ...channel }, step, lessSpecific('channel')],
  [
    'one step beats all the rest together',
    step,
    { ...machine, ...targetedTag, ...tenant, ...environment, ...channel },
    lessSpecific('step'),
  ],
  [
    'at the same top rank the next one decides',
    { ...machine, ...environment },
    { ...machine, ...channel, ...process },
    lessSpecific('environment'),
  ],
  [
    'a list with a targeted tag counts as targeted',
    { roles: ['linux', 'web'] },
    otherTag,
    lessSpecific('tag of the machine that the step targets'),
  ],
  // ties
  [
    'scoped alike: the project beats a library set',
    environment,
    environment,
    { kind: 'other origin', winner: 'project' },
    ['project', 'library'],
  ],
  [
    'scoped alike: the project beats a tenant value',
    none,
    none,
    { kind: 'other origin', winner: 'project' },
    ['project', 'tenant'],
  ],
  [
    'scoped alike: a tenant value beats a library set',
    tenant,
    tenant,
    { kind: 'other origin', winner: 'tenant' },
    ['tenant', 'library'],
  ],
  [
    'the scope counts before the origin',
    environment,
    none,
    lessSpecific('environment'),
    ['library', 'project'],
  ],
  // what does not fit is out, however specific
  ['another step', none, { steps: ['Smoke test'] }, elsewhere('steps')],
  ['another machine', none, { machines: ['host-2'] }, elsewhere('machines')],
  ['a tag that the machine lacks', none, { roles: ['windows'] }, elsewhere('roles')],
  ['another tenant', none, { tenants: ['Globex'] }, elsewhere('tenants')],
  ['another tenant tag', none, { tenantTags: ['Ring/late'] }, elsewhere('tenantTags')],
  ['another environment', none, { environments: ['Test'] }, elsewhere('environments')],
  ['another channel', none, { channels: ['Beta'] }, elsewhere('channels')],
  ['another process', none, { processes: ['Runbook'] }, elsewhere('processes')],
  ['another project', none, { projects: ['Blog'] }, elsewhere('projects')],
  [
    'the right step in another environment',
    none,
    { ...step, environments: ['Test'] },
    elsewhere('environments'),
  ],
  [
    'one fitting value of a dimension is enough',
    { environments: ['Test', 'Production'] },
    none,
    lessSpecific('environment'),
  ],
];

describe('which of two definitions wins', () => {
  it.each(table)(
    '%s',
    (_what, winning, losing, reason, [winnerOrigin, loserOrigin] = ['project', 'project']) => {
      const winner: ScopedVariable = { name: 'Port', value: 'winner', scope: winning, origin: winnerOrigin };
      const loser: ScopedVariable = { name: 'PORT', value: 'loser', scope: losing, origin: loserOrigin };
      for (const definitions of [
        [winner, loser],
        [loser, winner],
      ]) {
        const { values, explanation } = resolveVariables(definitions, here);
        expect({ ...values }).toEqual({ Port: 'winner' });
        expect(explanation).toMatchObject([
          { name: 'Port', winner: { variable: winner }, losers: [{ variable: loser, reason }] },
        ]);
        expect(describeLoss(reason)).toMatch(/\.$/);
      }
    },
  );

  it('has a row for every rank but the last, which beats nothing', () => {
    const decided = new Set(
      table.map(([, , , reason]) => (reason.kind === 'less specific' ? reason.decidedBy : null)),
    );
    for (const rank of RANKS.slice(0, -1)) expect(decided).toContain(rank);
  });
});

describe('definitions that cannot be told apart', () => {
  it('takes the first and says that the others are duplicates', () => {
    const first: ScopedVariable = { name: 'Port', value: '1', scope: environment, origin: 'project' };
    const second: ScopedVariable = { ...first, value: '2' };
    const { values, explanation } = resolveVariables([first, second], here);
    expect(values.Port).toBe('1');
    expect(explanation[0]?.losers).toEqual([{ variable: second, reason: { kind: 'duplicate' } }]);
  });
});

describe('a context without a dimension', () => {
  it.each([
    'steps',
    'machines',
    'roles',
    'tenants',
    'tenantTags',
    'environments',
    'channels',
    'processes',
    'projects',
  ] as const)('never fits a scope that names %s', (dimension) => {
    const variable: ScopedVariable = {
      name: 'Port',
      value: '1',
      scope: { [dimension]: ['x'] },
      origin: 'project',
    };
    const { values, explanation } = resolveVariables([variable], {});
    expect({ ...values }).toEqual({});
    expect(explanation).toEqual([
      { name: 'Port', winner: null, losers: [{ variable, reason: elsewhere(dimension) }] },
    ]);
  });
});

it('treats no name as special', () => {
  const names = ['__proto__', 'constructor', 'toString'];
  const variables = names.map(
    (name): ScopedVariable => ({ name, value: name, scope: none, origin: 'project' }),
  );
  expect(Object.keys(resolveVariables(variables, here).values)).toEqual(names);
});
