/**
 * Writes a tree as template text again. This is what a reader sees in place of what could not be resolved:
 * blanks are normalised and plain options quoted. Evaluating the rendered text gives what the original gives.
 */

import type { Condition, Conditional, Expression, Formula, Node } from './tree.ts';

export function render(node: Node): string {
  switch (node.kind) {
    case 'text':
      return node.text.replaceAll('#{', '##{');
    case 'substitution':
      return `#{${renderExpression(node.expression)}}`;
    case 'calculation':
      // The word "calc" is not shown: users know the echo of a failed calculation in this form.
      return `#{${renderFormula(node.formula)}}`;
    case 'repetition':
      return `#{each ${node.variable} in ${node.collection.text}}${renderAll(node.body)}#{/each}`;
    case 'conditional':
      return renderConditional(node);
  }
}

export function renderExpression(expression: Expression): string {
  if (expression.kind === 'path') return expression.text;
  let text = expression.input?.text ?? '';
  for (const { name, options } of expression.filters) {
    // Nothing but a word or a text may stand behind the blank that follows an option which is a token.
    text += text.endsWith('}') ? `| ${name}` : ` | ${name}`;
    for (const option of options) {
      if (typeof option === 'string') text += ` "${option}"`;
      else text += text.endsWith('}') ? render(option) : ` ${render(option)}`;
    }
  }
  return text;
}

const renderAll = (nodes: readonly Node[]): string => nodes.map(render).join('');

function renderConditional({ keyword, branches, otherwise }: Conditional): string {
  let text = '';
  if (keyword === 'unless') {
    // An "unless" is shown as the "if" that it stands for, with its branches exchanged.
    const [only] = branches;
    text += only === undefined ? '' : `#{if ${renderCondition(only.condition)}}${renderAll(otherwise ?? [])}`;
    return `${text}#{else}${renderAll(only?.body ?? [])}#{/if}`;
  }
  for (const { condition, body } of branches) {
    text += `#{${text === '' ? 'if' : 'elseif'} ${renderCondition(condition)}}${renderAll(body)}`;
  }
  return `${text}${otherwise === null ? '' : `#{else}${renderAll(otherwise)}`}#{/if}`;
}

function renderCondition({ left, comparison }: Condition): string {
  if (comparison === null) return renderExpression(left);
  const { operator, right } = comparison;
  return `${renderExpression(left)} ${operator} ${typeof right === 'string' ? `"${right}"` : renderExpression(right)} `;
}

function renderFormula(formula: Formula): string {
  if (formula.kind === 'path') return formula.text;
  if (formula.kind === 'number') return String(formula.value);
  return (
    renderFormula(formula.first) +
    formula.rest.map((each) => each.operator + renderFormula(each.value)).join('')
  );
}
