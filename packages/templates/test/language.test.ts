/** Rules of the language that the case file does not show, and what this package adds around it. */

import { describe, expect, it } from 'vitest';
import {
  createVariables,
  evaluate,
  evaluateCondition,
  evaluateParsed,
  itemsOf,
  parse,
  references,
} from '../src/index.ts';

const textOf = (template: string, variables: Record<string, string | null> = {}): string | null =>
  evaluate(template, variables).text;

describe('what surprises people', () => {
  it.each([
    ['one bad token spoils a strict text', '#{Foo} #{Foo', { Foo: 'Bar' }, '#{Foo} #{Foo'],
    ['four hashes escape, three do not', '####{a} ###{a}', { a: 'x' }, '###{a} #x'],
    ['escapes work for blocks', '##{if a}y##{/if}', { a: 'x' }, '#{if a}y#{/if}'],
    [
      'an unclosed block is a variable with a blank in its name',
      '#{if a}#{a}',
      { a: 'x', 'if a': 'V' },
      'Vx',
    ],
    ['a blank makes "else" a variable', '#{if F}a#{ else }b#{/if}', {}, ''],
    [
      'a nested token cannot be followed by a filter',
      '#{a | Append #{a} | ToUpper}',
      { a: 'x' },
      '#{a | Append #{a} | ToUpper}',
    ],
    ['but can where no blank lies between', '#{a | Append #{a}| ToUpper}', { a: 'x' }, 'XX'],
    ['a blank at the end of an index counts', '#{A[ x ]}', { 'A[x ]': 'yes', 'A[x]': 'no' }, 'yes'],
    ['a text with no token at all is never touched', 'a ## b ###', {}, 'a ## b ###'],
    [
      '"unless" is shown as the "if" that it stands for',
      '#{unless X | Bad}a#{else}b#{/unless}',
      {},
      '#{if X | Bad}b#{else}a#{/if}',
    ],
  ])('%s', (_what, template, variables, expected) => {
    expect(textOf(template, variables as Record<string, string>)).toBe(expected);
  });
});

describe('names', () => {
  it('that differ only by case are one, and the later value wins', () => {
    expect(textOf('#{PORT}#{port}', { Port: '1', PORT: '2' })).toBe('22');
  });

  it.each(['[', 'a[', 'a]b', 'a..b', '', '.', 'a#{b}', '#{a}', 'A[#{b}]'])(
    'that are no path are harmless: %s',
    (name) => {
      expect(textOf('#{Other}', { [name]: 'x', Other: 'y' })).toBe('y');
    },
  );

  it('of objects are nothing special', () => {
    expect(textOf('#{constructor} #{__proto__} #{toString}')).toBe('#{constructor} #{__proto__} #{toString}');
    expect(textOf('#{J.constructor}|#{J.__proto__}|#{J.toString}', { J: '{}' })).toBe('||');
    expect(textOf('#{a | constructor}', { a: 'x' })).toBe('#{a | constructor}');
    expect(textOf('#{u | UriPart constructor}', { u: 'http://a/' })).toContain('not supported');
  });

  it('with a colon, and an index with brackets', () => {
    expect(textOf('#{Logging:Level}#{A[b[0]].c}', { 'Logging:Level': '1', 'A[b[0]].c': '2' })).toBe('12');
  });

  it('looked up with brackets in them do not reach other variables', () => {
    expect(textOf('#{A[#{i}]}', { 'A[b].c[d]': 'secret', i: 'b].c[d' })).toBe('#{A[#{i}]}');
  });
});

describe('loops', () => {
  it('hide variables of the same name, but not from values defined outside', () => {
    const variables = { L: 'a,b', x: 'global', Shown: '<#{x}>' };
    expect(textOf('#{each x in L}#{x}#{Shown}#{/each}#{x}', variables)).toBe('a<global>b<global>global');
  });

  it('give their items the members of the variables that they stand for', () => {
    const variables = { 'T[a].Name': 'Ann', 'T[b].Name': 'Bob', 'T[a].Tags[1].V': 'x' };
    expect(textOf('#{each t in T}#{t.Name}:#{each g in t.Tags}#{g.V}#{/each};#{/each}', variables)).toBe(
      'Ann:x;Bob:;',
    );
  });

  it('know first and last', () => {
    const template =
      '#{each x in L}#{if Octopus.Template.Each.First}(#{/if}#{x}#{if Octopus.Template.Each.Last})#{/if}#{/each}';
    expect(textOf(template, { L: 'a,b,c' })).toBe('(abc)');
  });

  it('go through JSON objects by key and value', () => {
    expect(
      textOf('#{each e in J}#{e.Key}=#{e.Value.p};#{/each}', { J: '{"a":{"p":1},"b":{"p":true}}' }),
    ).toBe('a=1;b=True;');
  });
});

describe('what is shown in place of what cannot be resolved', () => {
  it.each([
    ['blanks as everybody writes them, and quotes', '#{  Foo |ToUpper x}', '#{Foo | ToUpper "x"}'],
    [
      'tokens as options, so that they can be read again',
      '#{Foo | Bad #{a}#{a}| Worse #{a}}',
      '#{Foo | Bad #{a}#{a}| Worse #{a}}',
    ],
    ['a text behind a token', '#{Foo | Bad #{a} "b"}', '#{Foo | Bad #{a} "b"}'],
  ])('%s', (_what, template, shown) => {
    expect(textOf(template, { a: 'x' })).toBe(shown);
    expect(textOf(shown, { a: 'x' })).toBe(shown);
  });
});

describe('errors', () => {
  it.each([
    ['an unclosed expression', 'ok\n #{a', 2, 5],
    ['an unclosed block', '#{if a}x', 1, 1],
    ['an unknown filter', '\n#{a | Nope}', 2, 1],
    ['a variable that is not there', 'x #{b}', 1, 3],
  ])('of %s keep the text and name the place', (_what, template, line, column) => {
    const { text, error } = evaluate(template, { a: 'x' });
    expect(text).toBe(template);
    expect(error).toContain(`line ${line}, column ${column}`);
  });

  it('name the place of what cannot be read', () => {
    expect(evaluate('ok\n#{a+b}', {})).toEqual({
      text: 'ok\n#{a+b}',
      error: expect.stringMatching(/^line 2, column 4:/),
    });
  });

  it('name each unresolved token with the place where it was met', () => {
    expect(evaluate('#{A}\n  #{B}', { A: '#{C}' }).error).toMatch(
      /#\{C\} \(line 1, column 1\); #\{B\} \(line 2, column 3\)/,
    );
  });

  it.each([
    ['an invalid pattern', '#{a | Match "("}'],
    ['Base64 that is none', '#{a | FromBase64}'],
    ['a version that is none', '#{e | VersionMajor}'],
    ['look-around, which linear time forbids', '#{a | Match "x(?=y)"}'],
  ])('from filters give no text: %s', (_what, template) => {
    expect(evaluate(template, { a: 'x!', e: '' })).toEqual({
      text: null,
      error: expect.stringMatching(/^line 1, column 1: ./),
    });
  });

  it('stay readable when there are many', () => {
    const { error } = evaluate(Array.from({ length: 500 }, (_, i) => `#{Missing${i}}`).join(''), {});
    expect(error).toMatch(/500 in all/);
    expect(error?.length).toBeLessThan(2000);
  });
});

describe('run conditions', () => {
  it.each([
    ['#{x}', { x: 'yes' }, true],
    ['#{x}', { x: ' No ' }, false],
    ['#{x}', {}, false],
    ['true#{missing}', {}, false],
    ['#{ | null}', {}, false],
  ])('%s with %o', (template, variables, holds) => {
    expect(evaluateCondition(template, variables as Record<string, string>).holds).toBe(holds);
  });
});

describe('references', () => {
  it('lists the paths of a template once each, conditions before bodies, without loop variables', () => {
    const template =
      '#{A} #{B[#{C}].D | Append #{E}} #{if F == G}#{a}#{elseif H | Trim}#{/if}' +
      '#{each x in L}#{x.y}#{I}#{Octopus.Template.Each.Index}#{/each}#{calc J+{K}} #{x} #{A}';
    expect(references(template)).toEqual([
      'A',
      'B[#{C}].D',
      'C',
      'E',
      'F',
      'G',

      'H',
      'a',
      'L',
      'I',
      'J',
      'K',
      'x',
    ]);
  });

  it('finds the readable part of a text that cannot be read whole', () => {
    expect(references('#{A} #{b+c} #{D}')).toEqual(['A', 'D']);
  });
});

describe('prepared variables', () => {
  it('and parsed templates can be used again and again', () => {
    const variables = createVariables({ a: '#{b}', b: '1', 'L[x].v': '2' });
    const { template } = parse('#{a}#{L[x].v}#{L[*].v}');
    if (template === null) throw new Error('the template does not parse');
    expect(evaluateParsed(template, variables)).toEqual({ text: '122', error: null });
    expect(evaluateParsed(template, variables)).toEqual({ text: '122', error: null });
    expect(variables.size).toBe(3);
  });

  it('list the items of a collection', () => {
    expect(itemsOf('L', { 'L[b].v': '1', 'L[a].v': '2' })).toEqual(['b', 'a']);
    expect(itemsOf('L', { L: '["x","y"]' })).toEqual(['x', 'y']);
    expect(itemsOf('L', {})).toEqual([]);
    expect(itemsOf('not a [path', {})).toEqual([]);
    expect(itemsOf('L', { L: '#{L}' })).toEqual([]);
  });
});
