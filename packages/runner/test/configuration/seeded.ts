/** Choices that can be repeated: `ARGONAUT_SEED` in the environment, else a new seed. */
import { randomFrom } from '../random.ts';

export function seededRandom() {
  const seed = Number(process.env.ARGONAUT_SEED ?? Math.floor(Math.random() * 2 ** 32));
  const next = randomFrom(seed);
  const whole = (below: number) => Math.floor(next() * below);
  const pick = <T>(items: readonly T[]): T => {
    const item = items[whole(items.length)];
    if (item === undefined) throw new Error('Nothing to choose from.');
    return item;
  };
  return { seed, whole, pick };
}
