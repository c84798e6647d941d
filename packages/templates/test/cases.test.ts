/** Every case of the language's case file: what the open-source implementation makes of it is what we make of it. */

import { describe, expect, it } from 'vitest';
import { evaluate, evaluateCondition, itemsOf } from '../src/index.ts';
import cases from './data/template-cases.json' with { type: 'json' };

interface Case {
  readonly group: string;
  readonly variables: Readonly<Record<string, string | null>>;
  readonly template: string;
  readonly expected: string | null | boolean | readonly string[];
  readonly errorReported: boolean;
  readonly note: string;
}

const all = cases as unknown as readonly Case[];
const byGroup = Map.groupBy(all.entries(), ([, { group }]) => group);

it('the file is whole', () => expect(all).toHaveLength(415));

for (const [group, members] of byGroup) {
  describe(group, () => {
    it.each(members.map(([index, each]) => ({ ...each, index })))('$index: $template', (one) => {
      if (group === 'run-condition') {
        const { holds, error } = evaluateCondition(one.template, one.variables);
        // The file records for these only whether the condition holds.
        expect({ holds, reported: holds && error !== null }).toEqual({
          holds: one.expected,
          reported: one.errorReported,
        });
        return;
      }
      if (group === 'indexes') {
        expect(itemsOf(one.template, one.variables)).toEqual(one.expected);
        return;
      }
      const mode = one.note.includes('tolerant mode') ? 'tolerant' : 'strict';
      const { text, error } = evaluate(one.template, one.variables, { mode });
      // Markdown ends in line breaks, which the file leaves out.
      expect(group === 'markdown' ? text?.trim() : text).toBe(one.expected);
      expect(error !== null).toBe(one.errorReported);
    });
  });
}
