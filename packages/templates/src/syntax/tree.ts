/**
 * The tree that the parser makes of a template. Every node knows where it stands (`start` and `end` are
 * offsets in UTF-16 units), so that an error can name its line and column.
 */

export type Node = Text | Substitution | Conditional | Repetition | Calculation;
/** A node that begins with `#{`. */
export type Token = Exclude<Node, Text>;

interface Placed {
  readonly start: number;
  readonly end: number;
}

/** Literal text, with escapes (`##{`) already undone. */
export interface Text extends Placed {
  readonly kind: 'text';
  readonly text: string;
}

/** `#{Name}` or `#{Name | Filter option}`. */
export interface Substitution extends Placed {
  readonly kind: 'substitution';
  readonly expression: Expression;
}

/** `#{if …}…#{elseif …}…#{else}…#{/if}` or `#{unless …}…#{/unless}`. */
export interface Conditional extends Placed {
  readonly kind: 'conditional';
  readonly keyword: 'if' | 'unless';
  readonly branches: readonly Branch[];
  readonly otherwise: readonly Node[] | null;
}

export interface Branch {
  readonly condition: Condition;
  readonly body: readonly Node[];
}

/** Without a comparison the condition asks whether the left side is truthy. */
export interface Condition {
  readonly left: Expression;
  readonly comparison: { readonly operator: '==' | '!='; readonly right: Expression | string } | null;
}

/** `#{each item in Collection}…#{/each}`. */
export interface Repetition extends Placed {
  readonly kind: 'repetition';
  readonly variable: string;
  readonly collection: Path;
  readonly body: readonly Node[];
}

/** `#{calc A + {B-1} * 2}`. */
export interface Calculation extends Placed {
  readonly kind: 'calculation';
  readonly formula: Formula;
}

/** Operators of one precedence are kept in one flat list, so that a long sum is not a deep tree. */
export type Formula =
  | { readonly kind: 'number'; readonly value: number }
  | Path
  | { readonly kind: 'operation'; readonly first: Formula; readonly rest: readonly Operand[] };

export interface Operand {
  readonly operator: '+' | '-' | '*' | '/';
  readonly value: Formula;
}

export type Expression = Path | FilterChain;

/** The input is null in `#{ | NowDate}`. */
export interface FilterChain {
  readonly kind: 'filters';
  readonly input: Path | null;
  readonly filters: readonly FilterCall[];
}

export interface FilterCall {
  readonly name: string;
  readonly options: readonly (string | Token)[];
}

/** `Name.Member[index].Other`; made by `path.ts`. */
export interface Path {
  readonly kind: 'path';
  /** As it is shown when the variable is missing: blanks normalised, spelling kept. */
  readonly text: string;
  /** Case-folded text of a path that needs no look-up to be known; null with `[#{…}]` or `[*]` in it. */
  readonly key: string | null;
  readonly steps: readonly Step[];
}

export type Step =
  | { readonly kind: 'name'; readonly name: string; readonly folded: string }
  | { readonly kind: 'index'; readonly index: string; readonly folded: string }
  | { readonly kind: 'lookup'; readonly path: Path };

/** A whole parsed template. */
export interface Template {
  readonly source: string;
  readonly nodes: readonly Node[];
}
