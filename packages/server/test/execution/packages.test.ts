/** Packages on their way to a worker. */
import { InfrastructureFailure } from '@argonaut/contracts';
import { expect, test } from 'vitest';
import { aStep, harness, runToEnd } from './harness.ts';

const withPackage = () =>
  aStep('a', {
    action: {
      packages: [
        {
          name: 'App',
          feed: 'Feeds-1',
          packageId: 'App',
          version: '1.0.0',
          acquisition: 'ExecutionTarget',
          extract: true,
        },
      ],
    },
  });

/** The feed has the package. */
function withFeed() {
  const content = async function* (): AsyncGenerator<Uint8Array> {};
  const found = { packageId: 'App', version: '1.0.0', extension: '.zip', sizeBytes: 1, sha256: '0', content };
  return harness([withPackage()], { ports: { packages: { find: async () => found } } });
}

test('a transfer whose connection breaks off is begun again, as one to a machine that is away', async () => {
  const setup = await withFeed();
  let transfers = 0;
  setup.worker.fuse = (point) => {
    if (point !== 'acquire-package') return;
    transfers += 1;
    if (transfers < 3)
      throw new InfrastructureFailure('The connection was lost.', { details: { ssh: 'lost' } });
  };

  expect(await runToEnd(setup)).toMatchObject({ result: 'Success' });
  expect(transfers).toBe(3);
});

test('a transfer that the worker refuses fails the step at once', async () => {
  const setup = await withFeed();
  let transfers = 0;
  setup.worker.fuse = (point) => {
    if (point !== 'acquire-package') return;
    transfers += 1;
    throw new InfrastructureFailure('There is no room on the disk.', { details: { code: 'ENOSPC' } });
  };

  expect(await runToEnd(setup)).toMatchObject({ result: 'Failed' });
  expect(transfers).toBe(1);
});
