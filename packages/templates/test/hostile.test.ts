/**
 * Input made to hurt. Each of these must end, with a defined text or a clear error. The sizes are such that an
 * engine whose time grows with the square of the input would run into the time limit of the test.
 */

import { describe, expect, it, vi } from 'vitest';
import { Findings } from '../src/evaluation/findings.ts';
import { createVariables, evaluate, parse, parseTolerantly, references } from '../src/index.ts';
import { Cursor } from '../src/syntax/cursor.ts';

const SIZE = 200_000;
const variables = { a: 'x', b: '#{a}', L: '1,2,3' };
const filled = (piece: string): string => piece.repeat(SIZE / piece.length);

describe('one unfinished piece, over and over', () => {
  it.each([
    '#{',
    '#{if a}',
    '#{if a == "x"}',
    '#{if a}x#{elseif b}',
    '#{if a}x#{else}',
    '#{unless a}',
    '#{each x in L}',
    '#{a | Append ',
    '#{a | Append #{a}',
    '#{A[',
    '#{A[#{',
    '#{A[#{A|f ',
    '#{x|f "\\" \\"',
    '#{x | f \\"',
    '#{calc (',
    '#{calc 1+',
    '#{if a | f #{if ',
    '#{a.',
    '#{a|',
    '##{',
    '#',
    '[',
    '}',
    '#{/if}',
  ])('%s', (piece) => {
    const template = filled(piece);
    for (const mode of ['strict', 'tolerant'] as const) {
      const { text, error } = evaluate(template, variables, { mode });
      expect(text !== null || error !== null).toBe(true);
    }
    expect(references(template)).toBeInstanceOf(Array);
  });
});

describe('counted, not timed: what is read for each character', () => {
  const methods = ['name', 'word', 'skipBlanks', 'eat', 'keyword', 'quoted', 'bracketed'] as const;

  function readings(template: string): number {
    const spies = methods.map((method) => vi.spyOn(Cursor.prototype, method));
    try {
      parseTolerantly(template);
      return spies.reduce((sum, spy) => sum + spy.mock.calls.length, 0) / template.length;
    } finally {
      for (const spy of spies) spy.mockRestore();
    }
  }
  const long = (piece: string): string => piece.repeat(40_000 / piece.length);

  it.each([
    ['openings that open nothing', long('#{'), 0],
    ['openings and blanks', long('#{  '), 0],
    ['quotes that are not closed', long('#{a|x "'), 3],
    ['a name without an end', `#{${long('a.')}`, 1.1],
    ['a name that is too long', `#{${'a.'.repeat(200_000)}a}`, 0.5],
    ['branches', `#{if a}${long('#{elseif b}')}#{/if}`, 3],
    ['a sum without an end', `#{calc 1${long('+1')}}`, 1],
    ['blanks', `#{${long(' ')}`, 0.1],
  ])('%s', (_what, template, atMost) => {
    expect(readings(template)).toBeLessThanOrEqual(atMost);
  });

  it('what cannot be read is one piece of the result', () => {
    const template = `a${long('#{')}b`;
    expect(parseTolerantly(template).template?.nodes.length).toBeLessThanOrEqual(3);
    expect(evaluate(template, {}, { mode: 'tolerant' })).toEqual({ text: template, error: null });
  });
});

describe('a thousand levels', () => {
  const levels = 1000;
  it.each([
    ['blocks', '#{if a}', 'x', '#{/if}'],
    ['indexes', '#{A[', '#{a}', ']}'],
    ['options', '#{a | Append ', '#{a}', '}'],
    ['loops', '#{each x in a}', '#{x}', '#{/each}'],
    ['braces', '#{', 'a', '}'],
  ])('of %s give a text or an error with its place', (_what, open, middle, close) => {
    const { text, error } = evaluate(open.repeat(levels) + middle + close.repeat(levels), variables);
    expect(text === null || error !== null).toBe(true);
    expect(error).toMatch(/line 1, column \d+/);
  });

  it('are not even needed: 500 levels work', () => {
    expect(evaluate(`${'#{if a}'.repeat(500)}x${'#{/if}'.repeat(500)}`, variables)).toEqual({
      text: 'x',
      error: null,
    });
    expect(evaluate(`${'#{a | Append '.repeat(500)}#{a}${'}'.repeat(500)}`, variables).text).toHaveLength(
      501,
    );
  });

  it('of parsing cost no stack at all', () => {
    expect(parse('#{if a}'.repeat(9000) + '#{/if}'.repeat(9000)).template).not.toBeNull();
  });

  it('too many to read are an error with its place', () => {
    const template = '#{if a}'.repeat(200_000);
    expect(evaluate(template, variables)).toMatchObject({
      text: template,
      error: expect.stringMatching(/^line 1, column 7\d+: .*nested too deeply/),
    });
  });
});

describe('values that refer to each other', () => {
  const doubling = (first: string, levels: number): Record<string, string> => {
    const record: Record<string, string> = { v0: first, foo: '1' };
    for (let i = 1; i < levels; i++) record[`v${i}`] = `#{v${i - 1}}#{v${i - 1}}`;
    return record;
  };

  it('twice each, sixty levels deep, are ended by the bound on the text', () => {
    expect(evaluate('#{v59}', doubling('ha', 60))).toMatchObject({
      text: null,
      error: expect.stringContaining('grew longer'),
    });
  });

  it('and are worked out once each if they come to nothing', () => {
    expect(evaluate('#{v59}', doubling('', 60))).toEqual({ text: '', error: null });
  });

  it('through a circle that the JSON rules forgive are ended by the bound on steps', () => {
    expect(evaluate('#{v59}', doubling('#{v0[#{foo}]}', 60))).toMatchObject({
      text: null,
      error: expect.stringContaining('steps'),
    });
  });

  it('in a chain of a hundred thousand are an error', () => {
    const chain: Record<string, string> = { v0: 'end' };
    for (let i = 1; i < 100_000; i++) chain[`v${i}`] = `#{v${i - 1}}`;
    const prepared = createVariables(chain);
    expect(evaluate('#{v400}', prepared)).toEqual({ text: 'end', error: null });
    expect(evaluate('#{v99999}', prepared)).toMatchObject({
      text: null,
      error: expect.stringContaining('levels deep'),
    });
  });

  it('in a circle are an error that names the way', () => {
    expect(evaluate('\n #{A}', { A: '#{B}', B: '#{C | ToUpper}', C: '#{if A}x#{/if}' })).toEqual({
      text: null,
      error: expect.stringMatching(/^line 2, column 2: .*A -> B -> C -> A/),
    });
  });
});

describe('patterns that a backtracking engine would not survive', () => {
  const text = `${'a'.repeat(100_000)}b`;
  it.each(['(a+)+$', '(a|aa)+$', '(a*)*c', '(.*a){20}c', '^(([a-z])+.)+[A-Z]([a-z])+$'])('%s', (pattern) => {
    expect(evaluate('#{text | Match #{pattern}}', { text, pattern })).toEqual({ text: 'false', error: null });
  });

  it('a replacement that searches the rest of the text after every match is ended by the bound on its time', () => {
    const { text: result, error } = evaluate(
      '#{text | Replace "(a|b|ab|ba|aab)*[q-z]|." x}',
      { text: 'ab'.repeat(50_000) },
      { limits: { patternTime: 200 } },
    );
    expect(result).toBeNull();
    expect(error).toContain('too long');
  });

  it('a pattern with large counts is refused for a long text', () => {
    const { error } = evaluate('#{text | Replace "([a-z]{0,900}x?){1}[0-9]" x}', {
      text: 'ab'.repeat(1_000_000),
    });
    expect(error).toContain('too large for a text');
  });

  it('and patterns that would need much memory are refused', () => {
    expect(evaluate('#{text | Match "(x{1,1000}){1,1000}"}', { text })).toMatchObject({
      text: null,
      error: expect.stringContaining('cannot be used'),
    });
  });
});

describe('size', () => {
  it('ten megabytes of text', () => {
    const { text, error } = evaluate('text #{a} and #{b}\n'.repeat(500_000), variables);
    expect(error).toBeNull();
    expect(text).toHaveLength('text x and x\n'.length * 500_000);
  });

  it('a hundred thousand variables, also as a collection', () => {
    const record = Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`V[${i}].Name`, 'x']));
    expect(evaluate('#{each v in V}#{v.Name}#{/each}', record).text).toHaveLength(100_000);
  });

  it('loops inside loops are ended by the bound on steps', () => {
    const template = `${'#{each a in L}'.repeat(9)}x${'#{/each}'.repeat(9)}`;
    const L = Array(100).fill('x').join(',');
    expect(evaluate(template, { L }, { limits: { steps: 200_000 } })).toMatchObject({
      text: null,
      error: expect.stringContaining('steps'),
    });
  });

  it('a filter cannot multiply a text beyond the bound', () => {
    const limits = { textLength: 10_000 };
    for (const filter of ['Replace a #{long}', 'Append #{long} #{long}', 'Indent #{long}']) {
      const { text } = evaluate(`#{long | ${filter}}`, { long: 'a\n'.repeat(3000) }, { limits });
      expect(text === null || text.length <= limits.textLength + 100).toBe(true);
    }
  });

  it('JSON of great depth is no JSON', () => {
    expect(evaluate('#{J[0]}', { J: '['.repeat(SIZE) }).text).toBe('#{J[0]}');
  });
});

describe('JSON in loops', () => {
  const rounds = 500;
  const K = Array.from({ length: rounds }, (_, i) => i).join(',');
  const J = JSON.stringify({ a: Array.from({ length: 2000 }, (_, i) => `text ${i}`) });

  it.each([
    ['an item', '#{J.a[#{i}]}', rounds * 'text 000'.length],
    ['an item of a value that holds tokens', '#{T.a[#{i}]}', rounds * 'text 000'.length],
    ['a condition', '#{if J.a}x#{/if}', rounds],
  ])('%s: no piece is written as text more than once', (_what, body, atMost) => {
    const stringify = vi.spyOn(JSON, 'stringify');
    try {
      const { text, error } = evaluate(`#{each i in K}${body}#{/each}`, {
        J,
        K,
        T: `${J.slice(0, -1)},"b":"##{c}"}`,
      });
      expect(error).toBeNull();
      expect(text?.length).toBeLessThanOrEqual(atMost);
      expect(text).not.toBe('');
      // One call for each text in the JSON.
      expect(stringify.mock.calls.length).toBeLessThan(2 * 2002);
    } finally {
      stringify.mockRestore();
    }
  });

  it('writing and reading count as work', () => {
    const limits = { work: 200_000 };
    expect(evaluate('#{J.a[0]}', { J }, { limits }).error).toContain('went through more than');
    const deep = `${'{"a":'.repeat(60)}"${'x'.repeat(1000)}"${'}'.repeat(60)}`;
    const every = Array.from({ length: 60 }, (_, i) => `#{if J${'.a'.repeat(i)}}#{/if}`).join('');
    expect(evaluate(every, { J: deep }, { limits: { work: 30_000 } }).error).toContain(
      'went through more than',
    );
    expect(evaluate(every, { J: deep }).error).toBeNull();
  });

  it('a list is counted before its items are made', () => {
    const limits = { steps: 1000 };
    for (const list of [','.repeat(2000), `[${'1,'.repeat(2000)}]`])
      expect(evaluate('#{each i in list}#{/each}', { list }, { limits }).error).toContain('steps');
  });
});

describe('long values that are asked for in every round', () => {
  const K = '1,'.repeat(99);
  it.each([
    ['blanks in a condition', '#{if v}#{/if}', ' '.repeat(10_000)],
    ['blanks behind a condition', '#{if v}#{/if}', `x${' '.repeat(10_000)}`],
    ['blanks that are no JSON', '#{v.a}', ' '.repeat(10_000)],
    ['a comparison', '#{if v == w}#{/if}', 'x'.repeat(10_000)],
    ['an index', '#{A[#{v}]}', 'x'.repeat(10_000)],
  ])('%s: every character counts', (_what, body, v) => {
    const result = evaluate(
      `#{each i in K}${body}#{/each}`,
      { v, w: `x${v.slice(1)}`, K },
      { limits: { work: 500_000 } },
    );
    expect(result.error).toContain('went through more than');
  });

  it('what is missing in a value is collected once', () => {
    const findings = new Findings();
    let times = 0;
    const missing = {
      *[Symbol.iterator]() {
        times++;
        yield '#{a}';
      },
    };
    for (let round = 0; round < 3; round++) findings.include(missing);
    expect(times).toBe(1);
    expect([...findings.missing]).toEqual(['#{a}']);
  });

  it('a sum of too many operands is none', () => {
    const sum = (operands: number) => `#{calc 1${'+1'.repeat(operands - 1)}}`;
    expect(evaluate(sum(1000), {}).text).toBe('1000');
    expect(evaluate(sum(1001), {}).text).toBe(sum(1001));
  });

  it('a calculation with what is too long to be a number is none', () => {
    expect(evaluate('#{calc v + 1}', { v: '1'.repeat(10_000) }).text).toBe('#{v+1}');
  });
});
