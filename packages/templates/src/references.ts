/** Which variables a template refers to, without evaluating it. */

import { parseTolerantly } from './syntax/parser.ts';
import type { Condition, Expression, Formula, Node, Path } from './syntax/tree.ts';

/**
 * The paths that a template names, once each, conditions before bodies, loop variables left out. A path with a
 * look-up in it (`A[#{B}]`) is listed as written, and so is the path inside. Values of variables are templates of
 * their own: a caller who wants everything asks again for each of them.
 */
export function references(template: string): readonly string[] {
  const found = new Set<string>();
  const waiting: { readonly node: Node; readonly loops: ReadonlySet<string> }[] = [];
  const later = (nodes: readonly Node[], loops: ReadonlySet<string>): void => {
    for (let i = nodes.length - 1; i >= 0; i--) {
      const node = nodes[i];
      if (node !== undefined && node.kind !== 'text') waiting.push({ node, loops });
    }
  };
  const path = (one: Path, loops: ReadonlySet<string>): void => {
    for (let each: Path | undefined = one; each !== undefined; ) {
      const [first] = each.steps;
      if (!(first?.kind === 'name' && (loops.has(first.folded) || isLoopSpecial(each, loops))))
        found.add(each.text);
      const inner: Path[] = each.steps.flatMap((step) => (step.kind === 'lookup' ? [step.path] : []));
      for (const other of inner.slice(1)) path(other, loops);
      each = inner[0];
    }
  };
  const expression = (one: Expression, loops: ReadonlySet<string>): void => {
    if (one.kind === 'path') {
      path(one, loops);
      return;
    }
    if (one.input !== null) path(one.input, loops);
    later(
      one.filters.flatMap(({ options }) => options.filter((option) => typeof option !== 'string')),
      loops,
    );
  };
  const condition = ({ left, comparison }: Condition, loops: ReadonlySet<string>): void => {
    expression(left, loops);
    if (comparison !== null && typeof comparison.right !== 'string') expression(comparison.right, loops);
  };
  const formula = (one: Formula, loops: ReadonlySet<string>): void => {
    if (one.kind === 'path') path(one, loops);
    if (one.kind === 'operation')
      for (const each of [one.first, ...one.rest.map(({ value }) => value)]) formula(each, loops);
  };

  later(parseTolerantly(template).template?.nodes ?? [], new Set());
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { node, loops } = next;
    if (node.kind === 'substitution') expression(node.expression, loops);
    else if (node.kind === 'calculation') formula(node.formula, loops);
    else if (node.kind === 'repetition') {
      path(node.collection, loops);
      later(node.body, new Set([...loops, node.variable.toLowerCase()]));
    } else if (node.kind === 'conditional') {
      later(node.otherwise ?? [], loops);
      for (const { body } of node.branches.toReversed()) later(body, loops);
      for (const branch of node.branches) condition(branch.condition, loops);
    }
  }
  return [...found];
}

const isLoopSpecial = (path: Path, loops: ReadonlySet<string>): boolean =>
  loops.size > 0 && path.text.toLowerCase().startsWith('octopus.template.each.');
