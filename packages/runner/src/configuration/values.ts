/** The variables that may go into configuration files, found by the path of a node: `Logging:Level:Default`. */

/** `Octopus…` names belong to the product, except `Octopus:…`, which is a path. */
const RESERVED = /^octopus(?!:)/i;

export class ConfigurationValues {
  readonly #byKey = new Map<string, { readonly name: string; readonly value: string }>();

  /** Names are compared without case; values are used as they are. */
  constructor(values: Readonly<Record<string, string | null>>) {
    for (const [name, value] of Object.entries(values)) {
      if (value !== null && !RESERVED.test(name)) this.#byKey.set(name.toLowerCase(), { name, value });
    }
  }

  /** @param path keys and indexes from the root */
  at(path: readonly (string | number)[]): { readonly name: string; readonly value: string } | undefined {
    return path.length === 0 ? undefined : this.#byKey.get(path.join(':').toLowerCase());
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
}

/** `-12`, `3.5e4`: what JSON takes for a number. */
export const JSON_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
