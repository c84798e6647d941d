/** Thousands of random histories: whatever happens, in whatever order, the promises of the orchestrator hold. */
import { expect, test } from 'vitest';
import { planOf, randomSteps } from './processes.ts';
import { firstSeed, Random } from './random.ts';
import { World } from './world.ts';

const HISTORIES = 2_000;
const MAX_TICKS = 2_000;

function history(seed: number): World {
  const random = new Random(seed);
  const plan = planOf(randomSteps(random), {
    guidedFailure: random.chance(0.3),
    lookAhead: random.below(4),
    maxParallelism: 1 + random.below(4),
  });
  const world = new World(plan, random);
  world.deliver({ type: 'begin' });
  const unkind = random.below(120);
  for (let tick = 0; tick < MAX_TICKS && !world.completed; tick += 1) {
    const moved = world.tick(tick < unkind ? 1 : 0);
    if (!moved && !world.completed) throw new Error('Nothing is left to happen, and the task is not over.');
  }
  if (!world.completed) throw new Error('The task does not end although everything was answered.');
  world.checkEnd();
  return world;
}

test(`${HISTORIES} random histories keep every promise`, () => {
  const first = firstSeed();
  const results = new Map<string, number>();
  for (let seed = first; seed < first + HISTORIES; seed += 1) {
    try {
      const { result } = history(seed).state;
      results.set(String(result), (results.get(String(result)) ?? 0) + 1);
    } catch (error) {
      throw new Error(`ARGONAUT_SEED=${seed} repeats this history first: ${String(error)}`, { cause: error });
    }
  }
  expect([...results.keys()].sort()).toEqual(['Canceled', 'Failed', 'Success']);
});
