/** The end of services, which several wait for. */
import type { AttemptSpec } from '@argonaut/contracts/attempt';
import { expect, it } from 'vitest';
import type { Clock } from '../../ports/clock.ts';
import type { Files } from '../../ports/files.ts';
import type { JournalEntry } from '../../ports/journal.ts';
import type { ContainerAttempts } from '../container-place.ts';
import type { EngineRoom } from '../engine-room.ts';
import type { Gates } from '../gate.ts';
import { Services } from './services.ts';

const image = { reference: 'db:1', local: 'db:1', os: 'linux', architecture: 'amd64' };
const spec = {
  attempt: 'servertasks-1-s1-a1',
  title: 'Migrate',
  services: [{ name: 'db', image, limits: {}, graceMs: 5_000, log: 'failure' }],
} as unknown as AttemptSpec;
const entry: JournalEntry = {
  spec,
  phase: 'go',
  epoch: 1,
  directory: '/attempts/one',
  changedMs: 0,
};

it('is one ending with a deadline of its own: who stops waiting does not stop it for the others', async () => {
  const killed: string[] = [];
  let monotonic = 0;
  let goOn = (): void => {};
  const paused = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  const clock: Clock = {
    now: () => 0,
    monotonic: () => monotonic,
    random: () => 0,
    async sleep(ms, signal) {
      await paused;
      signal.throwIfAborted();
      monotonic += ms;
    },
  };
  const services = new Services({
    clock,
    secrets: [],
    files: { readFile: async () => undefined } as unknown as Files,
    gates: { cancel: async () => true } as unknown as Gates,
    room: { engine: { inspectContainer: async () => ({ status: 'running' }) } } as unknown as EngineRoom,
    place: {
      kill: async (_: JournalEntry, signal: string) => void killed.push(signal),
      ended: async () => ({ kind: 'gone' }),
    } as unknown as ContainerAttempts,
  });
  const leaving = new AbortController();
  const first = services.end(entry, leaving.signal);
  const second = services.end(entry, AbortSignal.timeout(10_000));
  leaving.abort(new Error('left'));
  await expect(first).rejects.toThrow('left');
  goOn();
  await second;
  expect(killed).toEqual(['SIGKILL']);
});
