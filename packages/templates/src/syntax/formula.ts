/**
 * Reads the arithmetic of `#{calc …}`. `/` and `-` may be part of a name, so `B-2` is one variable; braces
 * end a name early: `{B}-2`. A number is tried before a name, so `3-2` is a subtraction.
 */

import type { Cursor } from './cursor.ts';
import { type Reading, readPath } from './expression.ts';
import type { Calculation, Formula, Operand } from './tree.ts';

/** Parentheses deeper than this do not parse: nobody writes them, and each level costs stack. */
const MAX_PARENTHESES = 50;
/** Longer sums and products do not parse: nobody writes them. */
const MAX_OPERANDS = 1000;
const NUMBER = /\d+(?:\.\d+)?/y;

export function* readCalculation(cursor: Cursor, start: number): Reading<Calculation | null> {
  cursor.at = start + 2;
  cursor.skipBlanks();
  if (!cursor.keyword('calc') || cursor.skipBlanks() === 0) return cursor.fail();
  const formula = yield* readFormula(cursor);
  cursor.skipBlanks();
  if (formula === null || !cursor.eat('}')) return cursor.fail();
  return { kind: 'calculation', formula, start, end: cursor.at };
}

function* readFormula(cursor: Cursor, depth = 0): Reading<Formula | null> {
  return yield* readOperation(cursor, ['+', '-'], () =>
    readOperation(cursor, ['*', '/'], () => readOperand(cursor, depth)),
  );
}

function* readOperation(
  cursor: Cursor,
  operators: readonly Operand['operator'][],
  readValue: () => Reading<Formula | null>,
): Reading<Formula | null> {
  const first = yield* readValue();
  if (first === null) return null;
  const rest: Operand[] = [];
  for (;;) {
    const before = cursor.at;
    cursor.skipBlanks();
    const operator = operators.find((each) => cursor.eat(each));
    if (operator === undefined) {
      cursor.at = before;
      return rest.length === 0 ? first : { kind: 'operation', first, rest };
    }
    cursor.skipBlanks();
    const value = yield* readValue();
    if (value === null) return null;
    if (rest.length + 1 === MAX_OPERANDS) return cursor.fail();
    rest.push({ operator, value });
  }
}

function* readOperand(cursor: Cursor, depth: number): Reading<Formula | null> {
  cursor.skipBlanks();
  if (cursor.eat('(')) {
    if (depth === MAX_PARENTHESES) return cursor.fail();
    const inner = yield* readFormula(cursor, depth + 1);
    cursor.skipBlanks();
    return inner !== null && cursor.eat(')') ? inner : null;
  }
  NUMBER.lastIndex = cursor.at;
  const digits = NUMBER.exec(cursor.source)?.[0];
  if (digits !== undefined) {
    cursor.at += digits.length;
    return { kind: 'number', value: Number(digits) };
  }
  if (!cursor.eat('{')) return yield* readPath(cursor);
  cursor.skipBlanks();
  const path = yield* readPath(cursor);
  cursor.skipBlanks();
  return path !== null && cursor.eat('}') ? path : null;
}
