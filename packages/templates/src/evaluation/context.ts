/**
 * Where a path is looked up: the rounds of the loops around it, from the inside out, and then the global set.
 * A value sees the loops around the place where its variable was found, not those around the place that named it.
 */

import { foldCase } from '../syntax/characters.ts';
import { VariableNode } from '../variables/variables.ts';

export class Context {
  /** Null for the global set. */
  readonly outer: { readonly context: Context; readonly round: LoopRound } | null;
  /** Paths being worked out from here, to notice a value that leads back to itself. */
  readonly active: string[] = [];

  constructor(outer: { readonly context: Context; readonly round: LoopRound } | null) {
    this.outer = outer;
  }

  within(round: LoopRound): Context {
    return new Context({ context: this, round });
  }
}

/** One round of a loop: its item, and `Octopus.Template.Each.Index`, `.First` and `.Last`. */
export class LoopRound {
  readonly variable: string;
  readonly item: VariableNode;
  readonly index: number;
  readonly last: boolean;
  #specials: VariableNode | undefined;

  constructor(variable: string, item: VariableNode, index: number, last: boolean) {
    this.variable = foldCase(variable);
    this.item = item;
    this.index = index;
    this.last = last;
  }

  /** The node that a first name leads to inside this round; undefined if the round knows no such name. */
  find(foldedName: string): VariableNode | undefined {
    if (foldedName === this.variable) return this.item;
    if (foldedName !== 'octopus') return undefined;
    this.#specials ??= this.#makeSpecials();
    return this.#specials;
  }

  #makeSpecials(): VariableNode {
    const values = {
      index: String(this.index),
      first: trueFalse(this.index === 0),
      last: trueFalse(this.last),
    };
    let node = new VariableNode(null);
    node.members = new Map(Object.entries(values).map(([name, value]) => [name, new VariableNode(value)]));
    for (const name of ['each', 'template']) {
      const parent = new VariableNode(null);
      parent.members = new Map([[name, node]]);
      node = parent;
    }
    return node;
  }
}

const trueFalse = (value: boolean): string => (value ? 'True' : 'False');
