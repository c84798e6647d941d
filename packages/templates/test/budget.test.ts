/** Many evaluations on one account: together they cost what was set aside for them, and not more. */
import { describe, expect, it } from 'vitest';
import { Budget, createVariables, evaluate } from '../src/index.ts';

const TOO_COSTLY = { text: null, error: 'Not worked out: too costly.' };
const LOOP = '#{each a in L}#{each b in L}#{a}#{/each}#{/each}';
const variables = createVariables({
  L: Array.from({ length: 30 }, (_, i) => i).join(','),
  A: 'a'.repeat(5000),
});
const all = { steps: 10_000, work: 1_000_000, patternTime: 1000 };

describe('a budget', () => {
  it('is used up by steps: what comes later is not worked out, but plain text still is', () => {
    const budget = new Budget(all);
    const found = Array.from({ length: 30 }, () => evaluate(LOOP, variables, { budget }));
    expect(found[0]).toEqual(evaluate(LOOP, variables));
    expect(found.at(-1)).toEqual(TOO_COSTLY);
    expect(budget.isSpent).toBe(true);
    expect(evaluate('#{A}', variables, { budget })).toEqual(TOO_COSTLY);
    expect(evaluate('plain', variables, { budget })).toEqual({ text: 'plain', error: null });
  });

  it('is used up by characters, those of the templates included', () => {
    const budget = new Budget(all);
    const long = `${' '.repeat(600_000)}#{Nothing}`;
    expect(evaluate(long, variables, { budget }).text).toBe(long);
    expect(evaluate(long, variables, { budget }).text).toBe(long);
    expect(evaluate(long, variables, { budget })).toEqual(TOO_COSTLY);
  });

  it('leaves something to the others, when each may have a share only', () => {
    const budget = new Budget(all, 0.05);
    expect(evaluate(LOOP, variables, { budget })).toEqual(TOO_COSTLY);
    expect(evaluate('#{A}', variables, { budget }).error).toBeNull();
  });

  it('refuses a pattern that it could not pay, before it is tried', () => {
    const budget = new Budget({ ...all, patternTime: 1 }, 0.5);
    const text = `#{A | Match "${'(a?b?c?d?)'.repeat(20)}$"}`;
    expect(evaluate(text, variables).text).toBe('true');
    expect(evaluate(text, variables, { budget })).toEqual(TOO_COSTLY);
  });
});
