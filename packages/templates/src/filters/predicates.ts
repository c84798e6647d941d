/** Filters that answer `true` or `false`. Comparison is exact: case counts. `Match` is in `patterns.ts`. */

import type { Filter } from './filter.ts';

const predicate =
  (holds: (input: string, option: string) => boolean): Filter =>
  (input, options) => {
    const [option] = options;
    return input === null || option === undefined || options.length !== 1
      ? null
      : String(holds(input, option));
  };

export const startsWith = predicate((input, option) => input.startsWith(option));
export const endsWith = predicate((input, option) => input.endsWith(option));
export const contains = predicate((input, option) => input.includes(option));
