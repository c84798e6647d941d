/** Services of a step, as the shell around the orchestrator hands them to a worker and tells what became of them. */
import { ArgonautError, Invalid } from '@argonaut/contracts';
import type { LateValues, ServiceReport } from '@argonaut/contracts/attempt';
import type { Service } from '@argonaut/orchestrator';
import { defaultPolicy, readContainerOptions } from '@argonaut/runner/options';
import { expect, test } from 'vitest';
import { MemoryRunStore, TaskExecution } from '../../src/execution/index.ts';
import { type LogSource, readFrames } from '../../src/tasklog/index.ts';
import { aStep, harness, runToEnd, TASK } from './harness.ts';

const db: Service = {
  name: 'db',
  container: { image: 'postgres:#{Version}' },
  environment: { POSTGRES_PASSWORD: '#{Password}' },
  health: { check: { kind: 'shell', line: 'pg_isready -U "$POSTGRES_USER"' } },
};
const variables = { Version: '17', Password: 'open sesame' };

async function serverLines(source: LogSource): Promise<string[]> {
  const lines: string[] = [];
  for await (const { frame } of readFrames(source)) {
    if (frame.type === 'text' && frame.source === 'server')
      lines.push(`${frame.level} ${Buffer.from(frame.bytes).toString().trimEnd()}`);
  }
  return lines;
}

test('their images are acquired beside the own one, and what is secret about them goes through the gate only', async () => {
  let late: LateValues | undefined;
  const setup = await harness([aStep('test', { action: { services: [db] } })], {
    variables,
    sensitive: ['Password'],
    programs: (_, values) => {
      late = values;
      return {};
    },
  });
  expect(await runToEnd(setup)).toMatchObject({ result: 'Success' });
  const [attempt] = setup.worker.attempts.values();
  expect(attempt?.spec).toMatchObject({
    place: { network: 'own' },
    services: [{ name: 'db', image: { reference: 'postgres:17' }, graceMs: 5_000, log: 'failure' }],
  });
  expect(JSON.stringify(attempt?.spec)).not.toContain('open sesame');
  expect(late?.services).toMatchObject([
    { name: 'db', argv: [], environment: { POSTGRES_PASSWORD: 'open sesame' }, health: db.health },
  ]);
});

test('a secret in a health check is refused before anything starts: the engine would show it', async () => {
  const checks: NonNullable<Service['health']['check']>[] = [
    { kind: 'shell', line: 'pg_isready -P #{Password}' },
    { kind: 'command', argv: ['pg_isready', '-P', '#{Password}'] },
  ];
  for (const check of checks) {
    const services = [{ ...db, health: { check } }];
    const setup = await harness([aStep('test', { action: { services } })], {
      variables,
      sensitive: ['Password'],
    });
    const { errorMessage } = await runToEnd(setup);
    expect(errorMessage).toContain('The health check of service "db"');
    expect(errorMessage).toContain('depends on the sensitive variable "Password"');
    expect([...setup.worker.attempts.values()].map(({ starts }) => starts)).toEqual([0]);
  }
});

test('one that does not come up fails the step before it began, is shown, and may be tried again', async () => {
  const store = new MemoryRunStore();
  let opened = 0;
  const report: ServiceReport = {
    name: 'db',
    failed: true,
    message: 'The service "db" ended with code 1.',
    log: 'no space\nleft',
  };
  const setup = await harness(
    [aStep('test', { action: { services: [db], options: { retries: { max: 1, backoffMs: 0 } } } })],
    { variables, store },
  );
  setup.worker.fuse = (point) => {
    if (point !== 'open.before') return;
    opened += 1;
    if (opened === 1) {
      throw new Invalid(`${report.message} The step was not started.`, { details: { services: [report] } });
    }
  };
  expect(await runToEnd(setup)).toMatchObject({ result: 'Success' });
  expect(opened).toBe(2);
  const lines = await serverLines(store.log(TASK));
  expect(lines).toEqual(
    expect.arrayContaining([
      'Warning The service "db" ended with code 1.',
      'Info   no space',
      'Info   left',
      'Error The service "db" ended with code 1. The step was not started.',
      'Warning Retry 1 of 1.',
    ]),
  );
  expect([...setup.worker.attempts.values()].map(({ starts }) => starts)).toEqual([0, 1]);
});

test('what a service asks beyond the policy of the pool is refused by its name, the flag and the policy', async () => {
  const greedy = { ...db, limits: { memoryBytes: 2 ** 33 } };
  const policy = {
    ...defaultPolicy,
    name: 'the policy of worker pool "Small"',
    most: { memoryBytes: 2 ** 30 },
  };
  const setup = await harness([aStep('test', { action: { services: [greedy] } })], {
    variables,
    ports: {
      containerOptions: {
        read: async (text) => readContainerOptions(text, policy),
        policyOf: async () => policy,
      },
    },
  });
  expect((await runToEnd(setup)).errorMessage).toContain(
    'Its service "db": --memory 8589934592 is refused by the policy of worker pool "Small": a step may have at most 1073741824 bytes of memory.',
  );
});

test('the log says what is waited for before the step begins, also when it never does', async () => {
  const store = new MemoryRunStore();
  const setup = await harness([aStep('test', { action: { services: [db] } })], { variables, store });
  setup.worker.fuse = (point) => {
    if (point === 'open.before') throw new Invalid('It did not come up. The step was not started.');
  };
  expect(await runToEnd(setup)).toMatchObject({ result: 'Failed' });
  const lines = await serverLines(store.log(TASK));
  expect(lines).toContain('Info Waiting for "db".');
  expect(lines.indexOf('Info Waiting for "db".')).toBeLessThan(
    lines.indexOf('Error It did not come up. The step was not started.'),
  );
});

test('the log says that one has ended while its step goes on', async () => {
  const store = new MemoryRunStore();
  const setup = await harness([aStep('test', { action: { services: [db] } })], {
    variables,
    store,
    programs: () => ({
      endless: true,
      servicesEnded: [{ name: 'db', failed: true, message: 'It ended with code 9.', log: 'no space\nleft' }],
    }),
  });
  const execution = await TaskExecution.claim(TASK, setup.ports);
  const running = execution.run(AbortSignal.timeout(20_000));
  // The step itself never ends.
  await expect
    .poll(() => serverLines(store.log(TASK)))
    .toEqual(
      expect.arrayContaining([
        'Warning It ended with code 9.',
        'Info The end of the log of service "db":',
        'Info   no space',
        'Info   left',
      ]),
    );
  await execution.cancel('request-1');
  expect(await running).toMatchObject({ result: 'Canceled' });
});

test('a connection that breaks while the step goes on shows the end of a service and of its log once', async () => {
  const store = new MemoryRunStore();
  const setup = await harness([aStep('test', { action: { services: [db] } })], {
    variables,
    store,
    programs: () => ({
      servicesEnded: [{ name: 'db', failed: true, message: 'It ended with code 9.', log: 'no space' }],
    }),
  });
  let broken = 0;
  setup.worker.fuse = (point) => {
    if (point === 'follow.ended' && ++broken < 3) throw new ArgonautError('Unavailable', 'Connection reset.');
  };
  expect(await runToEnd(setup)).toMatchObject({ result: 'Success' });
  const lines = await serverLines(store.log(TASK));
  expect(lines.filter((line) => line.endsWith('no space'))).toHaveLength(1);
  // When it happened, and with the end of the step.
  expect(lines.filter((line) => line.endsWith('It ended with code 9.'))).toHaveLength(2);
});

test('every program of an attempt finds the same trace, and each attempt a span of its own', async () => {
  const seen: (string | undefined)[] = [];
  const setup = await harness([aStep('one', { action: { services: [db] } }), aStep('two')], {
    variables,
    programs: (_, { environment, services = [] }) => {
      seen.push(environment.TRACEPARENT, ...services.map((service) => service.environment.TRACEPARENT));
      return {};
    },
  });
  await runToEnd(setup);
  const [one = '', ofService, two = ''] = seen;
  expect(one).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  expect(ofService).toBe(one);
  expect(two.slice(0, 35)).toBe(one.slice(0, 35));
  expect(two).not.toBe(one);
  // Known in advance, so also after a restart: nothing but ids that are stored goes into it.
  expect(one.slice(3, 35)).toBe('d6cbf4ccc85d084991ddbc03cfee8897');
});
