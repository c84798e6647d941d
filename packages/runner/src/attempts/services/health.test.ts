/** What is told of a health check that fails. */
import { InfrastructureFailure, Secret } from '@argonaut/contracts';
import { expect, it } from 'vitest';
import { SecretSet } from '../../masking/index.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Engine } from '../../ports/engine.ts';
import { untilHealthy } from './health.ts';

const clock: Clock = { now: () => 0, monotonic: () => 0, sleep: async () => {}, random: () => 0 };

it('hides a secret also where only the end of the output is quoted', async () => {
  const secret = 'hunter2-is-the-password-of-the-database';
  const masks = new SecretSet([{ name: 'Password', value: new Secret(secret) }]);
  // So long that the quote begins in the middle of the secret.
  const output = `refused for ${secret}${'.'.repeat(280)}`;
  const engine = { execute: async () => ({ exitCode: 1, output }) } as unknown as Engine;
  const why = await untilHealthy(
    {
      engine,
      clock,
      containerId: 'c',
      check: { argv: ['check'], name: 'its health check', needsEnvironment: false },
      health: { retries: 1 },
      mask: (text) => masks.mask(text),
      ended: async () => undefined,
    },
    AbortSignal.timeout(10_000),
  );
  expect(why).toMatch(/^was not healthy: its health check failed once \(code 1: .*\.{280}\)$/);
  expect(why).not.toContain(secret.slice(-10));
});

it('says how the service ended when it ended inside a check, whatever the engine makes of that', async () => {
  const ends = ['running', 'ended with code 3'];
  const engine = {
    execute: async () => {
      ends.shift();
      throw new InfrastructureFailure('running check: Container c is not running: Exited (3)');
    },
  } as unknown as Engine;
  const why = await untilHealthy(
    {
      engine,
      clock,
      containerId: 'c',
      check: { argv: ['check'], name: 'its health check', needsEnvironment: false },
      health: {},
      mask: (text) => text,
      ended: async () => (ends[0] === 'running' ? undefined : ends[0]),
    },
    AbortSignal.timeout(10_000),
  );
  expect(why).toBe('ended with code 3');
});
