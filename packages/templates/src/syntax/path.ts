/** Paths: how the steps of `Name.Member[index]` are kept, folded for look-up and shown again. */

import { foldCase } from './characters.ts';
import type { Path, Step } from './tree.ts';

/** A path of names only, as nearly all are: the steps are worked out when somebody asks. */
class DottedPath implements Path {
  readonly kind = 'path';
  readonly text: string;
  readonly key: string;
  #steps: readonly Step[] | undefined;

  constructor(text: string) {
    this.text = text;
    this.key = foldCase(text);
  }

  get steps(): readonly Step[] {
    this.#steps ??= this.text.split('.').map(nameStep);
    return this.#steps;
  }
}

export const nameStep = (name: string): Step => ({ kind: 'name', name, folded: foldCase(name) });
export const indexStep = (index: string): Step => ({ kind: 'index', index, folded: foldCase(index) });

/** `text` must consist of name characters and single dots between them. */
export const dottedPath = (text: string): Path => new DottedPath(text);

export function pathOf(steps: readonly Step[]): Path {
  let text = '';
  let fixed = true;
  for (const step of steps) {
    if (step.kind === 'name') text += text === '' ? step.name : `.${step.name}`;
    else if (step.kind === 'index') text += `[${step.index}]`;
    else text += `[#{${step.path.text}}]`;
    if (step.kind === 'lookup' || (step.kind === 'index' && step.index === '*')) fixed = false;
  }
  return { kind: 'path', text, key: fixed ? foldCase(text) : null, steps };
}
