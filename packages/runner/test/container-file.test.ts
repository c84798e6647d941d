/** A file of a container that is read through the engine, whose connection breaks off. */
import { PassThrough } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { kindOf } from '@argonaut/contracts';
import { pack } from 'tar-stream';
import { expect, test } from 'vitest';
import { readContainerFile } from '../src/attempts/container-file.ts';
import type { Engine, JournalEntry } from '../src/ports/index.ts';

test('a file that breaks off in its middle is no whole file, and the engine is to be asked again', async () => {
  const archive = new PassThrough();
  const whole = pack();
  whole.entry({ name: 'report' }, Buffer.alloc(1_000));
  whole.finalize();
  archive.write((await buffer(whole as unknown as AsyncIterable<Uint8Array>)).subarray(0, 512 + 500));
  const engine = {
    statPath: async () => ({ kind: 'file' }),
    readPath: async () => archive,
  } as unknown as Engine;
  const entry = { containerId: 'c1', spec: { attempt: 'a1' } } as unknown as JournalEntry;

  const read = async () => {
    for await (const _ of readContainerFile(engine, entry, 'report', AbortSignal.timeout(10_000)))
      archive.destroy(Object.assign(new Error('aborted'), { code: 'ECONNRESET' }));
  };
  const error = await read().catch((cause: unknown) => cause);

  expect(kindOf(error)).toBe('InfrastructureFailure');
  expect(error).toMatchObject({ details: { connection: 'broken' } });
});
