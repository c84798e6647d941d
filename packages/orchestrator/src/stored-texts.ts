/**
 * Texts of a step that become part of something that is stored and shown: the name of an image, a package or a pool, the
 * configuration of a container. What a sensitive variable decides of them is refused: nothing there could hide it.
 */
import type { Evaluate, SecretsIn } from './evaluating.ts';

const LONGEST_QUOTE = 100;

export type Worked<T> = { readonly value: T } | { readonly error: string };

/** Where a text ends up, and what to do instead when it is a secret. */
const FATE = {
  image:
    "An image's name is stored and shown, so it may not depend on one: use a variable that is not sensitive.",
  build: 'Everybody who has the image could read it. Give the value to the step instead, when it runs.',
  package:
    "A package's name and version are stored and shown, so they may not depend on one: use a variable that is not sensitive.",
  pool: 'Which pool runs a step is stored and shown, so it may not depend on one: use a variable that is not sensitive.',
  container:
    "It becomes part of the container's configuration, which is stored and which everybody sees who may ask the engine. Put the value into the environment instead (Argonaut.Action.Container.Environment, `env` of a service), which goes through the gate.",
} as const;
type Fate = keyof typeof FATE;

/** Whose texts they are, and how to find secrets in them. Without it texts are only evaluated. */
export interface Watch {
  readonly secretsIn: SecretsIn;
  /** As messages say it: `step "Deploy"`. */
  readonly owner: string;
}

/** Evaluates many texts, and collects every complaint. */
export class StoredTexts {
  readonly errors: string[] = [];
  readonly #evaluate: Evaluate;
  readonly #watch: Watch | undefined;

  constructor(evaluate: Evaluate, watch?: Watch) {
    this.#evaluate = evaluate;
    this.#watch = watch;
  }

  of(what: string, template: string, fate: Fate): string {
    const { text, error } = this.#evaluate(template);
    if (error !== null) this.errors.push(`${what} ${quoted(template)} cannot be evaluated: ${error}`);
    else this.#refuseSecrets(what, template, fate);
    return text ?? '';
  }

  /** A template may come to several entries, with commas or line ends between them, or to none. */
  list(what: string, templates: readonly string[], fate: Fate): string[] {
    return entriesOf(templates.map((template) => this.of(what, template, fate)));
  }

  /** The value, unless there was a complaint. */
  worked<T>(value: T): Worked<T> {
    return this.errors.length > 0 ? { error: this.errors.join(' ') } : { value };
  }

  #refuseSecrets(what: string, template: string, fate: Fate): void {
    const secret = this.#watch && secretRefusal(what, template, fate, this.#watch);
    if (secret !== undefined) this.errors.push(secret);
  }
}

/** What is wrong with a text that a sensitive variable decides; `undefined` when none does. */
export function secretRefusal(
  what: string,
  template: string,
  fate: Fate,
  { secretsIn, owner }: Watch,
): string | undefined {
  const names = secretsIn(template).map((name) => `"${name}"`);
  if (names.length === 0) return undefined;
  const variables = `the sensitive variable${names.length > 1 ? 's' : ''} ${names.join(' and ')}`;
  return `${what} ${quoted(template)} of ${owner} depends on ${variables}. ${FATE[fate]}`;
}

/** On one line; a Dockerfile is longer than a sentence. */
function quoted(template: string): string {
  const line = template.replaceAll(/\s+/g, ' ');
  return `"${line.length > LONGEST_QUOTE ? `${line.slice(0, LONGEST_QUOTE)}…` : line}"`;
}

/** The entries of texts that may hold several each. */
export function entriesOf(texts: readonly string[]): string[] {
  return texts
    .flatMap((text) => text.split(/[,\n]/))
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}
