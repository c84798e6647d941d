/** Evaluates the templates of a step. What people read of it, errors included, shows no secret. */
import { createVariables, type Evaluated, evaluate } from '@argonaut/templates';
import { type Variables, withoutSecrets } from './plan-types.ts';

/** A template in, its text and what is wrong with it out. `tolerant`: what cannot be read stays as it is. */
export type Evaluate = (template: string, mode?: 'strict' | 'tolerant') => Evaluated;

export interface Evaluating {
  readonly evaluate: Evaluate;
  /** The same for texts that people read: where a secret would stand, asterisks do. */
  readonly show: Evaluate;
  /** Names of the sensitive variables that decide what a template comes to. */
  readonly secretsIn: SecretsIn;
}

export type SecretsIn = (template: string) => readonly string[];

export interface Readable {
  readonly values: Variables;
  /** Names whose values nobody may read. */
  readonly secret?: ReadonlySet<string> | undefined;
}

/** `load` is called when the first template with an expression comes along. */
export function evaluating(load: () => Readable, nowMs: number): Evaluating {
  let loaded: Readable | undefined;
  const of = (prepare: (readable: Readable) => Variables): Evaluate => {
    let variables: ReturnType<typeof createVariables> | undefined;
    return (template, mode = 'strict') => {
      if (!template.includes('#{')) return { text: template, error: null };
      loaded ??= load();
      variables ??= createVariables(prepare(loaded));
      return evaluate(template, variables, { mode, now: () => new Date(nowMs) });
    };
  };
  const plain = of(({ values }) => values);
  const show = of(({ values, secret }) => withoutSecrets(values, secret));
  const same = (template: string, other: Evaluate): boolean => plain(template).text === other(template).text;
  return {
    show,
    secretsIn(template) {
      if (same(template, show)) return [];
      const names = [...(loaded?.secret ?? [])];
      const alone = names.filter((name) => {
        const hidden = new Set([name]);
        return !same(
          template,
          of(({ values }) => withoutSecrets(values, hidden)),
        );
      });
      // Several can decide together what none decides alone.
      return alone.length > 0 ? alone : names;
    },
    evaluate(template, mode) {
      const result = plain(template, mode);
      // An error may quote a value: the one that is told quotes asterisks.
      if (result.error === null || !loaded?.secret?.size) return result;
      const error = show(template, mode).error ?? 'A secret value in it cannot be used in this way.';
      return { ...result, error };
    },
  };
}
