/** Chance that can be repeated: the seed is new each run and stands in `hint`; `ARGONAUT_SEED` sets it. */

export interface Seeded {
  /** From 0 up to, not including, 1. */
  next(): number;
  /** A whole number from `low` to `high`, both included. */
  whole(low: number, high: number): number;
  pick<T>(choices: readonly T[]): T;
  text(alphabet: string, shortest: number, longest: number): string;
  shuffle<T>(items: readonly T[]): T[];
  /** How to repeat this run; belongs into the message of every assertion. */
  readonly hint: string;
}

export function seeded(): Seeded {
  const given = process.env.ARGONAUT_SEED;
  const seed = given === undefined ? Math.floor(Math.random() * 2 ** 32) : Number(given);
  let state = seed >>> 0;
  // mulberry32 (Tommy Ettinger, public domain)
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const whole = (low: number, high: number) => low + Math.floor(next() * (high - low + 1));
  const pick = <T>(choices: readonly T[]): T => {
    const index = whole(0, choices.length - 1);
    if (index >= choices.length || choices.length === 0) throw new RangeError('nothing to pick from');
    return choices[index] as T;
  };
  return {
    next,
    whole,
    pick,
    text: (alphabet, shortest, longest) =>
      Array.from({ length: whole(shortest, longest) }, () => pick([...alphabet])).join(''),
    shuffle: (items) =>
      items
        .map((item) => ({ item, key: next() }))
        .sort((a, b) => a.key - b.key)
        .map(({ item }) => item),
    hint: `repeat with ARGONAUT_SEED=${seed}`,
  };
}
