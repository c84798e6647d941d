/** What a filter is. */

export interface FilterTools {
  readonly now: () => Date;
  /** Characters that a result may have; filters that multiply their input ask before they make it. */
  readonly maxLength: number;
}

/**
 * @param input the value before the `|`; null if it is missing or there is none
 * @param options the texts after the name
 * @returns the new value; null if the filter has nothing to say to this, then the token is shown as it was written
 * @throws FilterError where showing the token would hide a mistake (invalid Base64, an invalid pattern)
 */
export type Filter = (input: string | null, options: readonly string[], tools: FilterTools) => string | null;

/** A filter without options over a present input. */
export const plainFilter =
  (change: (input: string) => string): Filter =>
  (input, options) =>
    input === null || options.length > 0 ? null : change(input);
