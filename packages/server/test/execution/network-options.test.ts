/** What options of a container say of its network, beside what the step itself says. */
import type { Service } from '@argonaut/orchestrator';
import { expect, test } from 'vitest';
import { aStep, harness, runToEnd } from './harness.ts';

const container = { image: 'alpine:3' };

test('a step without hosts of its own may have no network', async () => {
  const options = { containerOptions: '--network none' };
  const setup = await harness([aStep('alone', { action: { container, options } })]);
  expect(await runToEnd(setup)).toMatchObject({ result: 'Success' });
  const [attempt] = setup.worker.attempts.values();
  expect(attempt?.spec.place).toMatchObject({ network: 'none' });
});

test.each([
  ['hosts', { extraHosts: ['db:10.0.0.1'] }],
  ['name servers', { dns: ['10.0.0.1'] }],
])('no network and %s contradict each other: the step fails and says so', async (what, more) => {
  const options = { containerOptions: '--network none', ...more };
  const setup = await harness([aStep('alone', { action: { container, options } })]);
  const { result, errorMessage } = await runToEnd(setup);
  expect(result).toBe('Failed');
  expect(errorMessage).toContain(`"alone" has --network none among its container options, and ${what}`);
});

test('no network and services contradict each other: the step fails and says so', async () => {
  const services: Service[] = [
    { name: 'db', container: { image: 'postgres:17' }, environment: {}, health: {} },
  ];
  const options = { containerOptions: '--network none' };
  const setup = await harness([aStep('alone', { action: { container, options, services } })]);
  const { errorMessage } = await runToEnd(setup);
  expect(errorMessage).toContain('and services of its own, which need a network');
});
