/**
 * Reads what stands inside the braces: paths, filter chains, conditions.
 *
 * A token inside another one (`#{A[#{B}]}`, `#{A | Append #{B}}`) is not read by calling deeper: the reader
 * yields its position and is handed the token. So nesting costs no stack, however deep the text goes.
 */

import { type Cursor, MAX_PATH_LENGTH } from './cursor.ts';
import { indexStep, nameStep, pathOf } from './path.ts';
import type { Condition, Expression, FilterCall, Path, Step, Substitution, Token } from './tree.ts';

/** Yields the offset of each nested token and receives it, or null if there is none that can be read. */
export type Reading<T> = Generator<number, T, Token | null>;

export function* readPath(cursor: Cursor): Reading<Path | null> {
  const first = cursor.name();
  if (first === null) return null;
  const steps: Step[] = [nameStep(first)];
  let length = first.length;
  for (;;) {
    const before = cursor.at;
    let step: Step | null = null;
    // Most paths end after a name: no reader of its own is made to find that out.
    if (cursor.eat('.')) {
      const name = cursor.name();
      step = name === null ? null : nameStep(name);
      length += 1 + (name?.length ?? 0);
    } else if (cursor.eat('[')) {
      step = yield* readBracket(cursor, before);
      length += cursor.at - before;
    }
    if (step === null) {
      cursor.at = before;
      const path = pathOf(steps);
      return path.text.length > MAX_PATH_LENGTH ? cursor.fail() : path;
    }
    if (length > 2 * MAX_PATH_LENGTH) return cursor.fail();
    steps.push(step);
  }
}

/** `[index]`, with the cursor behind the bracket that stands at `bracket`. */
function* readBracket(cursor: Cursor, bracket: number): Reading<Step | null> {
  cursor.skipBlanks();
  if (cursor.source.startsWith('#{', cursor.at)) {
    const token = yield cursor.at;
    if (token?.kind === 'substitution' && token.expression.kind === 'path') {
      cursor.at = token.end;
      cursor.skipBlanks();
      if (cursor.eat(']')) return { kind: 'lookup', path: token.expression };
    }
  }
  cursor.at = bracket;
  const index = cursor.bracketed();
  return index === null ? null : indexStep(index);
}

export function* readSubstitution(cursor: Cursor, start: number): Reading<Substitution | null> {
  cursor.at = start + 2;
  const expression = yield* readExpression(cursor);
  if (expression === null || !cursor.eat('}')) return cursor.fail();
  return { kind: 'substitution', expression, start, end: cursor.at };
}

/** Blanks on both sides belong to it. */
export function* readExpression(cursor: Cursor): Reading<Expression | null> {
  cursor.skipBlanks();
  const input = yield* readPath(cursor);
  cursor.skipBlanks();
  const filters: FilterCall[] = [];
  for (;;) {
    const before = cursor.at;
    const filter = cursor.eat('|') ? yield* readFilter(cursor) : null;
    if (filter === null) {
      cursor.at = before;
      break;
    }
    filters.push(filter);
  }
  if (filters.length === 0) return input;
  cursor.skipBlanks();
  return { kind: 'filters', input, filters };
}

function* readFilter(cursor: Cursor): Reading<FilterCall | null> {
  cursor.skipBlanks();
  const name = cursor.word();
  if (name === null) return null;
  cursor.skipBlanks();
  const options: (string | Token)[] = [];
  for (;;) {
    if (cursor.source.startsWith('#{', cursor.at)) {
      const token = yield cursor.at;
      if (token === null) return { name, options };
      options.push(token);
      // Blanks after a nested token are not skipped: only a word or a quote may follow them.
      cursor.at = token.end;
      continue;
    }
    const option = readPlainOption(cursor);
    if (option === null) return { name, options };
    options.push(option);
  }
}

function readPlainOption(cursor: Cursor): string | null {
  const before = cursor.at;
  cursor.skipBlanks();
  const word = cursor.word();
  if (word !== null) {
    cursor.skipBlanks();
    return word;
  }
  cursor.at = before;
  return cursor.quoted();
}

export function* readCondition(cursor: Cursor): Reading<Condition | null> {
  const text = cursor.quoted();
  if (text !== null) {
    const operator = readOperator(cursor);
    const left = operator === null ? null : yield* readExpression(cursor);
    // Equality has no direction, so the text always goes to the right.
    return operator === null || left === null ? null : { left, comparison: { operator, right: text } };
  }
  const left = yield* readExpression(cursor);
  if (left === null) return null;
  const operator = readOperator(cursor);
  if (operator === null) return { left, comparison: null };
  const right = cursor.quoted() ?? (yield* readExpression(cursor));
  return right === null ? null : { left, comparison: { operator, right } };
}

function readOperator(cursor: Cursor): '==' | '!=' | null {
  if (cursor.eat('==')) return '==';
  return cursor.eat('!=') ? '!=' : null;
}
