/** Artifacts are on the worker until they are stored here, and nowhere after that. */
import { InfrastructureFailure } from '@argonaut/contracts';
import { expect, test } from 'vitest';
import { MemoryRunStore } from '../../src/execution/index.ts';
import { aStep, harness, runToEnd, TASK } from './harness.ts';

test.each([
  ['the way to the worker', { ssh: 'lost' }],
  ["the worker's engine", { connection: 'broken' }],
])('an artifact is fetched again when %s breaks off in its middle', async (_what, details) => {
  const store = new MemoryRunStore();
  const setup = await harness([aStep('pack')], {
    store,
    programs: () => ({
      writes: [{ stream: 'stdout', text: 'x\n' }],
      artifacts: [{ path: 'out/report.txt', name: 'report.txt' }],
    }),
  });
  let reads = 0;
  setup.worker.fuse = (point) => {
    if (point !== 'read') return;
    reads += 1;
    if (reads === 1) throw new InfrastructureFailure('The connection was lost.', { details });
  };

  expect(await runToEnd(setup)).toMatchObject({ result: 'Success' });

  expect(setup.artifacts.get('report.txt')).toBe('content of out/report.txt');
  expect(store.read(TASK).artifacts).toMatchObject([{ status: 'stored' }]);
  expect(reads).toBe(2);
});
