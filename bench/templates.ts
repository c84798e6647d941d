/**
 * The template engine and scope resolution beside the cheapest thing that does comparable work: one pass of
 * `String.prototype.replace` with a callback over the same text, and one `JSON.parse` of the same variables.
 */

import { createVariables, evaluate, resolveVariables, type ScopedVariable } from '@argonaut/templates';
import { print, report, row, time } from './report.ts';

const ROUNDS = 41;
const WARM_UP = 10;
const VARIABLES = 5_000;
const SUBSTITUTIONS = 10_000;
const MEGABYTE = 1_000_000;

const record: Record<string, string> = {};
for (let i = 0; i < VARIABLES; i++) record[`Project.Group${i % 50}.Setting${i}`] = `value ${i} of the set`;
const names = Object.keys(record);

/** A text of about so many megabytes, with ten thousand tokens in each. */
function textOf(megabytes: number): string {
  const line = 'x'.repeat(MEGABYTE / SUBSTITUTIONS - 36);
  const parts: string[] = [];
  for (let i = 0; i < SUBSTITUTIONS * megabytes; i++)
    parts.push(line, ` #{${names[(i * 7919) % VARIABLES]}}\n`);
  return parts.join('');
}

const small = textOf(1);
const large = textOf(10);
const prepared = createVariables(record);
const byReplace = (text: string): string =>
  text.replace(/#\{([^}]+)\}/g, (token, name: string) => record[name] ?? token);

const scopes: ScopedVariable['scope'][] = [
  {},
  { environments: ['Environments-1'] },
  { environments: ['Environments-2', 'Environments-3'] },
  { roles: ['web'], environments: ['Environments-1'] },
  { steps: ['Actions-1'] },
];
const scoped = Array.from({ length: 10_000 }, (_, i): ScopedVariable => {
  const scope = scopes[i % scopes.length] ?? {};
  return { name: `Setting${Math.floor(i / scopes.length)}`, value: `value ${i}`, scope, origin: 'project' };
});
const scopedJson = JSON.stringify(scoped);
const context = {
  environment: 'Environments-1',
  step: 'Actions-1',
  stepRoles: ['web'],
  machine: 'Machines-1',
  machineRoles: ['web', 'db'],
  channel: 'Channels-1',
};

/** The variants of one comparison take turns and change their order, so that none always pays for another's garbage. */
function interleave(
  rounds: number,
  variants: Readonly<Record<string, () => void>>,
): Record<string, number[]> {
  const samples: Record<string, number[]> = Object.fromEntries(
    Object.keys(variants).map((name) => [name, []]),
  );
  const order = Object.entries(variants);
  for (let round = -WARM_UP; round < rounds; round++) {
    for (const [name, run] of order) {
      const taken = time(run);
      if (round >= 0) samples[name]?.push(taken);
    }
    order.push(...order.splice(0, 1));
  }
  return samples;
}

/** Round by round, so that a disturbance hits both sides of a ratio. */
const ratios = (above: readonly number[] = [], below: readonly number[] = [], times = 1): number[] =>
  above.map((value, round) => value / ((below[round] ?? Number.NaN) * times));

const text = interleave(ROUNDS, {
  replace: () => byReplace(small),
  prepared: () => evaluate(small, prepared),
  record: () => evaluate(small, record),
});
const size = interleave(ROUNDS, {
  small: () => evaluate(small, prepared),
  large: () => evaluate(large, prepared),
});
const scoping = interleave(ROUNDS, {
  parse: () => JSON.parse(scopedJson),
  resolve: () => resolveVariables(scoped, context),
});

const resolved = resolveVariables(scoped, context);
print(
  report(
    'templates',
    ROUNDS,
    [
      row(
        '10,000 substitutions in 1 MB, prepared variables / String.replace',
        ratios(text.prepared, text.replace),
        'ratio',
        5,
      ),
      row(
        '10,000 substitutions in 1 MB, plain record of 5,000 / String.replace',
        ratios(text.record, text.replace),
        'ratio',
        5,
      ),
      row('time per byte at 10 MB / at 1 MB', ratios(size.large, size.small, 10), 'ratio', 1.5),
      row(
        'resolving 10,000 scoped variables / JSON.parse of them',
        ratios(scoping.resolve, scoping.parse),
        'ratio',
        5,
      ),
    ],
    [
      {
        name: 'the text is 1 MB with 10,000 tokens',
        ok: Math.abs(small.length - MEGABYTE) < 50_000 && small.split('#{').length === SUBSTITUTIONS + 1,
      },
      { name: 'both ways make the same text', ok: evaluate(small, record).text === byReplace(small) },
      { name: 'both ways make the same 10 MB', ok: evaluate(large, prepared).text === byReplace(large) },
      {
        name: 'every variable is resolved and every definition accounted for',
        ok: resolved.explanation.reduce((sum, { losers }) => sum + losers.length + 1, 0) === scoped.length,
      },
      { name: 'the step-scoped definition wins', ok: resolved.values.Setting0 === 'value 4' },
    ],
  ),
);
