/** Works out the text of a parsed template. One evaluator serves one evaluation and keeps its account. */

import { type FilterTools, PatternTime } from '../filters/filter.ts';
import { applyFilter } from '../filters/registry.ts';
import { render, renderExpression } from '../syntax/render.ts';
import type {
  Branch,
  Calculation,
  Conditional,
  Expression,
  FilterChain,
  Formula,
  Node,
  Path,
  Repetition,
  Substitution,
} from '../syntax/tree.ts';
import { formatDouble, parseDouble } from '../text/number.ts';
import type { Variables } from '../variables/variables.ts';
import { Account } from './account.ts';
import type { Cost } from './budget.ts';
import { type Context, LoopRound } from './context.ts';
import { Findings } from './findings.ts';
import type { Limits } from './limits.ts';
import { Lookup } from './lookup.ts';
import { isTruthy } from './truth.ts';

/** What an evaluation takes from its surroundings; everything else depends on template and variables alone. */
export interface Surroundings {
  readonly now: () => Date;
  readonly limits: Limits;
}

export class Evaluator {
  readonly #account: Account;
  readonly #tools: FilterTools;
  readonly #lookup: Lookup;

  constructor(variables: Variables, { now, limits }: Surroundings) {
    this.#account = new Account(limits);
    this.#tools = { now, maxLength: limits.textLength, patternTime: new PatternTime(limits.patternTime) };
    this.#lookup = new Lookup(variables, this.#account, (nodes, context, findings) =>
      this.text(nodes, context, findings),
    );
  }

  /** What was used so far. */
  get cost(): Cost {
    return { ...this.#account.spent, patternTime: this.#tools.patternTime.spent };
  }

  get global(): Context {
    return this.#lookup.global;
  }

  text(nodes: readonly Node[], context: Context, findings: Findings): string {
    let text = '';
    for (const node of nodes) {
      text += this.#node(node, context, findings);
      this.#account.checkLength(text.length);
    }
    return text;
  }

  /** The items that a loop over this path would have. */
  items(path: Path): string[] {
    const findings = new Findings();
    return this.#lookup
      .items(path, this.global, findings)
      .map((item) => this.#lookup.valueOf(item, this.global).text ?? '');
  }

  #node(node: Node, context: Context, findings: Findings): string {
    switch (node.kind) {
      case 'text':
        return node.text;
      case 'substitution':
        return this.#substitution(node, context, findings);
      case 'conditional':
        return this.#conditional(node, context, findings);
      case 'repetition':
        return this.#repetition(node, context, findings);
      case 'calculation':
        return this.#calculation(node, context, findings);
    }
  }

  #substitution(node: Substitution, context: Context, findings: Findings): string {
    const { expression } = node;
    const value = this.#expression(expression, context, findings);
    if (value !== null) return value;
    const shown = render(node);
    if (expression.kind === 'filters' && expression.filters.at(-1)?.name === 'null') findings.isNull = true;
    else findings.missing.add(shown);
    return shown;
  }

  #expression(expression: Expression, context: Context, findings: Findings): string | null {
    if (expression.kind === 'filters') return this.#filters(expression, context, findings);
    const found = this.#lookup.find(expression, context);
    if (found === null) return null;
    if (found.missing !== null) findings.include(found.missing);
    return found.text;
  }

  #filters({ input, filters }: FilterChain, context: Context, findings: Findings): string | null {
    let value = input === null ? null : this.#expression(input, context, findings);
    for (const { name, options } of filters) {
      const texts = options.map((option) => {
        if (typeof option === 'string') return option;
        return this.#account.deeper(() => this.#node(option, context, findings));
      });
      this.#account.work((value?.length ?? 0) + texts.reduce((sum, text) => sum + text.length, 0));
      value = applyFilter(name, value, texts, this.#tools);
      this.#account.checkLength(value?.length ?? 0);
    }
    return value;
  }

  #conditional(node: Conditional, context: Context, findings: Findings): string {
    for (const branch of node.branches) {
      const holds = this.#holds(branch, context, findings);
      if (holds === null) return render(node);
      if (holds === (node.keyword === 'if')) return this.#body(branch.body, context, findings);
    }
    return node.otherwise === null ? '' : this.#body(node.otherwise, context, findings);
  }

  #body(nodes: readonly Node[], context: Context, findings: Findings): string {
    return this.#account.deeper(() => this.text(nodes, context, findings));
  }

  /** Null if a filter in the condition yields nothing. */
  #holds({ condition }: Branch, context: Context, findings: Findings): boolean | null {
    const left = this.#side(condition.left, context, findings);
    if (left === null) return null;
    const { comparison } = condition;
    if (comparison === null) {
      this.#account.blanks(left.length - left.trim().length);
      return isTruthy(left);
    }
    const { operator, right } = comparison;
    const other = typeof right === 'string' ? right : this.#side(right, context, findings);
    // Texts of different lengths are told apart at once.
    if (other?.length === left.length) this.#account.work(left.length);
    return other === null ? null : (left === other) === (operator === '==');
  }

  /** A missing variable counts as empty text; null only for a filter that yields nothing. */
  #side(expression: Expression, context: Context, findings: Findings): string | null {
    if (expression.kind === 'path') {
      const found = this.#lookup.find(expression, context);
      if (found === null) return '';
      if (found.missing !== null) findings.include(found.missing);
      if (found.isNull) findings.isNull = true;
      return found.text ?? '';
    }
    const value = this.#filters(expression, context, findings);
    if (value === null) findings.missing.add(renderExpression(expression));
    return value;
  }

  #repetition(node: Repetition, context: Context, findings: Findings): string {
    const items = this.#lookup.items(node.collection, context, findings);
    let text = '';
    for (const [index, item] of items.entries()) {
      this.#account.step();
      const round = new LoopRound(node.variable, item, index, index === items.length - 1);
      text += this.#body(node.body, context.within(round), findings);
      this.#account.checkLength(text.length);
    }
    return text;
  }

  #calculation(node: Calculation, context: Context, findings: Findings): string {
    const value = this.#formula(node.formula, context, findings);
    return value === null ? render(node) : formatDouble(value);
  }

  #formula(formula: Formula, context: Context, findings: Findings): number | null {
    if (formula.kind === 'number') return formula.value;
    if (formula.kind === 'path') {
      const found = this.#lookup.find(formula, context);
      if (found?.missing) findings.include(found.missing);
      if (found?.isNull) findings.isNull = true;
      return found?.text ? parseDouble(found.text) : null;
    }
    let total = this.#formula(formula.first, context, findings);
    for (const { operator, value } of formula.rest) {
      const next = this.#formula(value, context, findings);
      if (total === null || next === null) return null;
      if (operator === '+') total += next;
      else if (operator === '-') total -= next;
      else if (operator === '*') total *= next;
      else total /= next;
    }
    return total;
  }
}
