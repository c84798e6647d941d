/**
 * Random templates over random variables: nothing throws, nothing hangs, and what must hold of every template
 * holds. The seed is printed with a failure; ARGONAUT_SEED repeats it.
 */

import { describe, expect, it } from 'vitest';
import {
  createVariables,
  evaluate,
  filterNames,
  parse,
  parseTolerantly,
  references,
  render,
} from '../src/index.ts';

const seed = Number(process.env.ARGONAUT_SEED ?? Math.floor(Math.random() * 2 ** 31));

/** A small linear congruential generator, so that a seed means the same on every machine. */
function randomness(start: number): (below: number) => number {
  let state = start >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const PIECES = [
  '#{',
  '}',
  '#',
  '##',
  '##{',
  '[',
  ']',
  '.',
  '|',
  ' ',
  '\n',
  '"',
  '\\"',
  '(',
  ')',
  '{',
  '+',
  '-',
  '*',
  '/',
  '==',
  '!=',
  'if ',
  'unless ',
  'each ',
  ' in ',
  'calc ',
  '#{else}',
  '#{elseif ',
  '#{/if}',
  '#{/unless}',
  '#{/each}',
  '#{if A}',
  '#{each x in L}',
  '#{x}',
  '#{A}',
  '#{J.a}',
  '#{J[0]}',
  '#{L[*]}',
  '#{B[#{A}]}',
  '#{Self}',
  '#{ | null}',
  'A',
  'B',
  'L',
  'J',
  'x',
  '0',
  '1',
  '-1',
  '5',
  'utf8',
  'Octopus.Template.Each.Index',
  'é',
  '\u{1F419}',
  '\u0000',
  '\ud800',
  ...filterNames.map((name) => ` | ${name} `),
] as const;

const VALUES = [
  null,
  '',
  'x',
  'a,b',
  '{"a":[1,{"b":"#{A}"}]}',
  "{a:'1'}",
  '[1,2',
  '#{A}',
  '#{B[#{A}]}',
  '#{Self}',
  '#{',
  '##{A}',
  '2030-05-22T09:05:00Z',
  '1.2.3-beta.4',
  '12.5',
  'aGk=',
  '(a+)+$',
  'https://example.com/a?b#c',
  '#{each y in L}#{y}#{/each}',
] as const;
const NAMES = [
  'A',
  'a',
  'B',
  'L',
  'J',
  'Self',
  'B[x]',
  'B[x].c',
  'L[1]',
  'L[2].n',
  'A.b',
  'x',
  'a b',
  '[',
  'Octopus',
  '__proto__',
] as const;

function pick<T>(random: (below: number) => number, from: readonly T[]): T {
  const item = from[random(from.length)];
  if (item === undefined) throw new RangeError('nothing to pick from');
  return item;
}

function randomTemplate(random: (below: number) => number, pieces: readonly string[] = PIECES): string {
  return Array.from({ length: 1 + random(14) }, () => pick(random, pieces)).join('');
}

function randomVariables(random: (below: number) => number): Record<string, string | null> {
  const record: Record<string, string | null> = {};
  for (let count = random(8); count > 0; count--)
    record[pick(random, NAMES)] = random(4) === 0 ? randomTemplate(random) : pick(random, VALUES);
  return record;
}

const limits = { steps: 20_000, work: 2_000_000, textLength: 100_000 };
const now = (): Date => new Date(0);

describe(`random input (ARGONAUT_SEED=${seed})`, () => {
  it('always gives a text or a reason', () => {
    const random = randomness(seed);
    for (let run = 0; run < 5000; run++) {
      const template = randomTemplate(random);
      const record = randomVariables(random);
      const strict = evaluate(template, record, { limits, now });
      const tolerant = evaluate(template, record, { limits, now, mode: 'tolerant' });
      const shown = JSON.stringify({ template, record });
      for (const { text, error } of [strict, tolerant]) {
        expect(error ?? '', shown).not.toMatch(/Unexpected failure/);
        expect(text !== null || error !== null || /null/.test(shown), shown).toBe(true);
      }
      // What can be read at all means the same in both modes, and with prepared variables.
      if (parse(template).template !== null) expect(tolerant, shown).toEqual(strict);
      expect(evaluate(template, createVariables(record), { limits, now }), shown).toEqual(strict);
      expect(references(template), shown).toBeInstanceOf(Array);
    }
  });

  it('positions: nodes follow each other without gap or overlap', () => {
    const random = randomness(seed + 1);
    for (let run = 0; run < 5000; run++) {
      const template = randomTemplate(random);
      const nodes = parseTolerantly(template).template?.nodes ?? [];
      let end = 0;
      for (const node of nodes) {
        expect(node.start, template).toBe(end);
        expect(node.end, template).toBeGreaterThan(node.start);
        end = node.end;
      }
      expect(end, template).toBe(template.length);
    }
  });

  it('a rendered template means what the original means', () => {
    // A hash before a token and quotes inside quotes have no rendering of their own.
    const pieces = PIECES.filter((piece) => !/^#+$|"|##|calc/.test(piece));
    const random = randomness(seed + 2);
    let compared = 0;
    for (let run = 0; run < 20_000; run++) {
      const template = randomTemplate(random, pieces);
      const nodes = parse(template).template?.nodes;
      if (nodes === undefined) continue;
      const record = randomVariables(random);
      const rendered = nodes.map(render).join('');
      expect(
        evaluate(rendered, record, { limits, now }).text,
        JSON.stringify({ template, rendered, record }),
      ).toBe(evaluate(template, record, { limits, now }).text);
      compared++;
    }
    expect(compared).toBeGreaterThan(1000);
  });
});
