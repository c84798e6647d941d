/**
 * Finds what a path stands for. Values are templates themselves: what is found is evaluated again, with the whole
 * set, before it is used. A step that no variable has is looked for inside the value, read as JSON.
 */

import { indexStep, pathOf } from '../syntax/path.ts';
import type { Node, Path, Step } from '../syntax/tree.ts';
import { VariableNode, type Variables } from '../variables/variables.ts';
import type { Account } from './account.ts';
import { Context } from './context.ts';
import { RecursionError } from './errors.ts';
import { Findings } from './findings.ts';
import { type Container, JsonValues } from './json-values.ts';

export interface Found {
  /** Null if the place exists but has no value. */
  readonly text: string | null;
  /** Tokens inside the value that could not be resolved; null if there are none. */
  readonly missing: ReadonlySet<string> | null;
  readonly isNull: boolean;
  /** The place itself, if it is not only its text that counts (a list of indexes). */
  readonly place: VariableNode | null;
}

type MakeText = (nodes: readonly Node[], context: Context, findings: Findings) => string;

/** A circle that is met and survived costs as much as many ordinary look-ups. */
const CIRCLE_STEPS = 200;

export class Lookup {
  readonly global = new Context(null);
  readonly #variables: Variables;
  readonly #account: Account;
  readonly #makeText: MakeText;
  readonly #resolved = new Map<VariableNode, Found>();
  readonly #json: JsonValues;
  /** How often a circle was met while a value was tried as JSON: results made meanwhile hold only there. */
  #circles = 0;

  constructor(variables: Variables, account: Account, makeText: MakeText) {
    this.#variables = variables;
    this.#account = account;
    this.#makeText = makeText;
    this.#json = new JsonValues(account);
  }

  /** Null if there is no such variable. */
  find(path: Path, context: Context): Found | null {
    this.#account.step();
    if (path.key !== null && context.outer === null) {
      const node = this.#variables.byKey(path.key);
      // The common case by far: a variable whose value is plain text.
      if (node !== undefined && node.value !== null && !node.isTemplate) return plain(node.value);
    }
    return this.#walk(path, context);
  }

  /** The rounds of a loop over a path. A missing collection has none; an empty text has one empty item. */
  items(path: Path, context: Context, findings: Findings): VariableNode[] {
    const found = this.#walk(path, context);
    if (found === null) return [];
    if (found.missing !== null) findings.include(found.missing);
    if (found.isNull) findings.isNull = true;
    if (found.place?.indexes) return [...found.place.indexes.values()];
    if (found.text === null) return [];
    const json = this.#json.parse(found.text);
    if (json !== undefined) return this.#itemsOfJson(json);
    this.#account.work(found.text.length);
    this.#account.step(countOf(',', found.text));
    return found.text.split(',').map((item) => new VariableNode(item));
  }

  #itemsOfJson(json: Container): VariableNode[] {
    if (json instanceof Map) {
      this.#account.step(json.size);
      return Array.from(json.keys(), (name) => memberItem(name, this.#json.member(json, name)));
    }
    this.#account.step((json as readonly unknown[]).length);
    return Array.from(json as readonly unknown[], (_, index) => this.#json.member(json, index));
  }

  /** Evaluates the value of a place. */
  valueOf(node: VariableNode, context: Context): Found {
    const isUnwritten = node.isUnwritten;
    const { value } = node;
    if (value === null) return { text: null, missing: null, isNull: false, place: node };
    if (isUnwritten) this.#account.work(value.length);
    if (!node.isTemplate) return plain(value);
    const known = context === this.global ? this.#resolved.get(node) : undefined;
    if (known !== undefined) return known;
    const { template } = node.parsed();
    // A value that does not parse is used as it stands.
    if (template === null) return { text: value, missing: null, isNull: false, place: node };
    const circles = this.#circles;
    const findings = new Findings();
    const text = this.#account.deeper(() => this.#makeText(template.nodes, context, findings));
    this.#account.work(text.length);
    const missing = findings.missing.size > 0 ? findings.missing : null;
    const found: Found = { text, missing, isNull: findings.isNull, place: null };
    if (context === this.global && circles === this.#circles) this.#resolved.set(node, found);
    return found;
  }

  #walk(path: Path, context: Context): Found | null {
    refuseCircle(path, context);
    context.active.push(path.text);
    try {
      const settled = this.#settle(path, context);
      const node = this.#descend(settled, context);
      if (node === 'unknown index') return null;
      if (node !== null) return this.valueOf(node, context);
      return context.outer === null ? null : this.#walk(settled, context.outer.context);
    } finally {
      context.active.pop();
    }
  }

  /** Replaces `[#{Name}]` by what the name stands for here; left alone where it stands for nothing. */
  #settle(path: Path, context: Context): Path {
    if (!path.steps.some((step) => step.kind === 'lookup')) return path;
    return pathOf(
      path.steps.map((step): Step => {
        if (step.kind !== 'lookup') return step;
        const found = this.#account.deeper(() => this.#walk(step.path, context));
        if (found === null || found.text === null) return step;
        this.#account.work(found.text.length);
        return indexStep(found.text);
      }),
    );
  }

  #descend(path: Path, context: Context): VariableNode | null | 'unknown index' {
    if (context.outer === null && path.key !== null && isBalanced(path)) {
      const direct = this.#variables.byKey(path.key);
      if (direct !== undefined) return direct;
    }
    let node: VariableNode | undefined;
    for (const [position, step] of path.steps.entries()) {
      if (step.kind === 'lookup') return 'unknown index';
      const from: VariableNode | undefined = node;
      if (position === 0) {
        node = context.outer?.round.find(step.folded) ?? undefined;
        if (context.outer === null) node = this.#variables.root.members?.get(step.folded);
      } else if (from !== undefined) node = childOf(from, step) ?? this.#jsonMember(from, step, context);
      if (node === undefined) return null;
    }
    return node ?? null;
  }

  #jsonMember(node: VariableNode, step: Step, context: Context): VariableNode | undefined {
    const property = step.kind === 'name' ? step.name : step.kind === 'index' ? step.index : '';
    if (property === '') return undefined;
    const json = this.#json.containerOf(node) ?? this.#readAsJson(node, context);
    if (json === undefined) return undefined;
    if (json instanceof Map) return this.#json.member(json, property);
    return /^\s*[-+]?\d{1,10}\s*$/.test(property) ? this.#json.member(json, Number(property)) : undefined;
  }

  #readAsJson(node: VariableNode, context: Context): Container | undefined {
    try {
      const { text } = this.valueOf(node, context);
      return text === null ? undefined : this.#json.parse(text);
    } catch (error) {
      if (!(error instanceof RecursionError)) throw error;
      this.#circles++;
      this.#account.step(CIRCLE_STEPS);
      return undefined;
    }
  }
}

const plain = (text: string): Found => ({ text, missing: null, isNull: false, place: null });

function refuseCircle(path: Path, context: Context): void {
  for (let each: Context | undefined = context; each !== undefined; each = each.outer?.context) {
    const start = each.active.indexOf(path.text);
    if (start !== -1) throw new RecursionError([...each.active.slice(start), path.text]);
  }
}

function childOf(node: VariableNode, step: Step): VariableNode | undefined {
  if (step.kind === 'name') return node.members?.get(step.folded);
  if (step.kind === 'lookup') return undefined;
  if (step.index === '*' && node.indexes !== null) {
    const [first] = node.indexes.values();
    return first;
  }
  return node.indexes?.get(step.folded);
}

/** A looked-up index may hold brackets of its own; then the folded text could be read as another path. */
function isBalanced(path: Path): boolean {
  return !path.steps.some(
    (step) => step.kind === 'index' && /[[\]]/.test(step.index) && !hasMatchingBrackets(step.index),
  );
}

function hasMatchingBrackets(text: string): boolean {
  let depth = 0;
  for (const character of text) {
    if (character === '[') depth++;
    else if (character === ']' && --depth < 0) return false;
  }
  return depth === 0;
}

function memberItem(name: string, value: VariableNode): VariableNode {
  const item = new VariableNode(name);
  item.members = new Map([
    ['key', new VariableNode(name)],
    ['value', value],
  ]);
  return item;
}

function countOf(character: string, text: string): number {
  let count = 0;
  for (let at = text.indexOf(character); at !== -1; at = text.indexOf(character, at + 1)) count++;
  return count;
}
