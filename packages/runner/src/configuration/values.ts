/** The variables that may go into configuration files, found by the path of a node: `Logging:Level:Default`. */
import { ConfigurationFault } from './errors.ts';

/** `Octopus…` names belong to the product, except `Octopus:…`, which is a path. */
const RESERVED = /^octopus(?!:)/i;
/** Characters of all values that go into one file; more would not be configuration any more. */
const MOST_CHARACTERS = 8 * 1024 * 1024;

/** What a value comes to: `text` null when it comes to nothing, `error` when something in it is wrong or unresolved. */
type Work = (value: string) => { readonly text: string | null; readonly error: string | null };

interface Value {
  readonly name: string;
  readonly text: string | null;
  /** What stayed unresolved in it. */
  readonly unresolved: string | null;
}

const asItIs: Work = (text) => ({ text, error: null });

export class ConfigurationValues {
  readonly #raw = new Map<string, { readonly name: string; readonly value: string }>();
  readonly #known = new Map<string, Value>();
  readonly #work: Work;
  /** Steps of the longest path that a variable names. */
  readonly #deepest: number;

  /** Names are compared without case. A value is worked out when the first file asks for it: a step has many. */
  constructor(values: Readonly<Record<string, string | null>>, work: Work = asItIs) {
    this.#work = work;
    let deepest = 0;
    for (const [name, value] of Object.entries(values)) {
      if (value === null || RESERVED.test(name)) continue;
      this.#raw.set(name.toLowerCase(), { name, value });
      deepest = Math.max(deepest, name.split(':').length);
    }
    this.#deepest = deepest;
  }

  /** Whether variables can name what lies below a path of so many steps; if not, nobody need look. */
  reach(steps: number): boolean {
    return steps < this.#deepest;
  }

  /** @throws ConfigurationFault when the value cannot be worked out at all (a circle, a limit) */
  of(key: string): Value | undefined {
    const known = this.#known.get(key);
    const raw = known === undefined ? this.#raw.get(key) : undefined;
    if (raw === undefined) return known;
    const { text, error } = this.#work(raw.value);
    if (text === null && error !== null)
      throw new ConfigurationFault(`The variable "${raw.name}" cannot be used: ${error}`);
    const value = { name: raw.name, text, unresolved: error };
    this.#known.set(key, value);
    return value;
  }

  /** For one file. */
  taking(): Taking {
    return new Taking(this);
  }
}

/** What one file takes of the values. */
export class Taking {
  readonly #values: ConfigurationValues;
  readonly #used = new Map<string, string | null>();
  #characters = 0;

  constructor(values: ConfigurationValues) {
    this.#values = values;
  }

  reach(steps: number): boolean {
    return this.#values.reach(steps);
  }

  /**
   * @param path keys and indexes from the root
   * @throws ConfigurationFault when the value cannot be worked out, or all together are too long
   */
  at(path: readonly (string | number)[]): { readonly name: string; readonly value: string } | undefined {
    const found = path.length === 0 ? undefined : this.#values.of(path.join(':').toLowerCase());
    if (found === undefined || found.text === null) return undefined;
    this.#used.set(found.name, found.unresolved);
    this.#characters += found.text.length;
    if (this.#characters > MOST_CHARACTERS) {
      throw new ConfigurationFault(
        `The values that go into it have more than ${MOST_CHARACTERS} characters together. Look for a long value at a name that occurs many times.`,
      );
    }
    return { name: found.name, value: found.text };
  }

  result(text: string): Replaced {
    return {
      text,
      used: [...this.#used.keys()],
      unresolved: [...this.#used].flatMap(([name, error]) =>
        error === null ? [] : [`the value of the variable "${name}" is not complete: ${error}`],
      ),
    };
  }
}

/** A piece of a text and what replaces it. */
export interface Replacement {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Replacements must not overlap. */
export function splice(text: string, replacements: readonly Replacement[]): string {
  const parts: string[] = [];
  let at = 0;
  for (const { start, end, text: by } of [...replacements].sort((a, b) => a.start - b.start)) {
    parts.push(text.slice(at, start), by);
    at = end;
  }
  parts.push(text.slice(at));
  return parts.join('');
}

export interface Replaced {
  readonly text: string;
  /** Names of the variables that were put in. */
  readonly used: readonly string[];
  /** A sentence for each of them in which something stayed unresolved. */
  readonly unresolved: readonly string[];
}

/** `-12`, `3.5e4`: what JSON takes for a number. */
export const JSON_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
