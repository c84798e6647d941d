/**
 * A set of variables, made ready for many evaluations.
 *
 * Names are paths: `Octopus.Action[Web].Name`. Most look-ups find their variable by its whole folded name, so
 * only that is prepared at once. The tree of members and indexes, needed for loops, wildcards and JSON, is built
 * when the first such look-up comes. Names that are no path cannot be reached by a template.
 */

import { foldCase } from '../syntax/characters.ts';
import { type ParseResult, parse, parseName } from '../syntax/parser.ts';
import type { Path, Step } from '../syntax/tree.ts';
import type { Json } from './json.ts';
import { jsonToText } from './json-text.ts';

/** One place in the tree: it may have a value, named members and indexed members, all at once. */
export class VariableNode {
  #value: string | null;
  /** The object or array that the value is the text of; the text is written when somebody asks for it. */
  readonly json: ReadonlyMap<string, Json> | readonly Json[] | null;
  /** Members by folded name. */
  members: Map<string, VariableNode> | null = null;
  /** Indexed members by folded index, in order of appearance. */
  indexes: Map<string, VariableNode> | null = null;
  #parsed: ParseResult | undefined;
  #isTemplate: boolean | undefined;

  constructor(value: string | null, json: VariableNode['json'] = null) {
    this.#value = value;
    this.json = json;
  }

  /** A piece of a JSON value. */
  static of(piece: Json | undefined): VariableNode {
    return piece instanceof Map || Array.isArray(piece)
      ? new VariableNode(null, piece)
      : new VariableNode(jsonToText(piece));
  }

  get value(): string | null {
    if (this.#value === null && this.json !== null) this.#value = jsonToText(this.json);
    return this.#value;
  }

  /** Whether asking for the value costs the writing of it. */
  get isUnwritten(): boolean {
    return this.#value === null && this.json !== null;
  }

  /** Whether the value may hold tokens. Looked for once: values can be long, and loops ask again and again. */
  get isTemplate(): boolean {
    this.#isTemplate ??= this.value?.includes('#{') ?? false;
    return this.#isTemplate;
  }

  /** The value as a template, parsed once. */
  parsed(): ParseResult {
    this.#parsed ??= parse(this.value ?? '');
    return this.#parsed;
  }

  set(value: string): void {
    this.#value = value;
    this.#parsed = undefined;
    this.#isTemplate = undefined;
  }

  /** The member or index at a step, made if it is new. An index without a value of its own has itself as value. */
  child(step: Step): VariableNode {
    if (step.kind === 'lookup') throw new TypeError('A look-up has no place of its own.');
    let children: Map<string, VariableNode>;
    if (step.kind === 'name') {
      this.members ??= new Map();
      children = this.members;
    } else {
      this.indexes ??= new Map();
      children = this.indexes;
    }
    const known = children.get(step.folded);
    if (known !== undefined) return known;
    const made = new VariableNode(step.kind === 'index' ? step.index : null);
    children.set(step.folded, made);
    return made;
  }
}

/** Names of ASCII characters without brackets or blanks: nothing in them needs a parser. */
const PLAIN_NAME = /^[\w\-:/~()@]+(?:\.[\w\-:/~()@]+)*$/;

interface Named {
  readonly node: VariableNode;
  /** Worked out late for plain names. */
  path: Path | null;
  readonly name: string;
}

export class Variables {
  readonly #byKey = new Map<string, Named>();
  #root: VariableNode | undefined;

  /** Later entries win over earlier ones whose names differ only by case; null counts as empty text. */
  constructor(record: Readonly<Record<string, string | null>>) {
    for (const name of Object.keys(record)) {
      const plain = PLAIN_NAME.test(name);
      const path = plain ? null : parseName(name);
      if (path === null && !plain) continue;
      const key = path === null ? name.toLowerCase() : foldCase(path.text);
      const value = record[name] ?? '';
      const known = this.#byKey.get(key);
      if (known === undefined) this.#byKey.set(key, { node: new VariableNode(value), path, name });
      else known.node.set(value);
    }
  }

  get size(): number {
    return this.#byKey.size;
  }

  /** The variable of exactly this folded path, without its relations. */
  byKey(key: string): VariableNode | undefined {
    return this.#byKey.get(key)?.node;
  }

  /** The top of the tree: a node without value, whose members are the first names of all paths. */
  get root(): VariableNode {
    this.#root ??= this.#plant();
    return this.#root;
  }

  #plant(): VariableNode {
    const root = new VariableNode(null);
    for (const named of this.#byKey.values()) {
      named.path ??= parseName(named.name);
      const steps = named.path?.steps ?? [];
      let node = root;
      for (const step of steps.slice(0, -1)) node = node.child(step);
      const last = steps.at(-1);
      if (last !== undefined) graft(node, last, named.node);
    }
    return root;
  }
}

/** Puts a variable into its place, which may already have children: then they become the variable's. */
function graft(parent: VariableNode, step: Step, variable: VariableNode): void {
  const place = parent.child(step);
  variable.members = place.members;
  variable.indexes = place.indexes;
  if (step.kind === 'name') parent.members?.set(step.folded, variable);
  else if (step.kind === 'index') parent.indexes?.set(step.folded, variable);
}
