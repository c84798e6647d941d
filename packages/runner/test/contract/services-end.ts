/** Services end with their step, whatever ends it, and when they end before it that is told. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { AttemptEnded } from '@argonaut/contracts/attempt';
import { describe, expect, it } from 'vitest';
import { openFileJournal } from '../../src/index.ts';
import { eventually, type OpenPorts, patience } from './bench.ts';
import { reached, serviceBench, web } from './services-bench.ts';

export function servicesEndContract(openPorts: OpenPorts): void {
  describe('services', () => {
    const here = serviceBench(openPorts);
    const { specOf, open, told, left, goneAfterFinish } = here;

    it('that end in the middle are told at that moment with the end of their log, and again at the end', async () => {
      const services = { db: { script: 'echo out of luck; sleep 0.3; exit 9' } };
      const spec = await specOf(services);
      await here.bench.stage(spec);
      // Ends only because it has been told.
      await open(spec.attempt, 'exec sleep 600', services);
      let ended: AttemptEnded | undefined;
      for await (const event of here.bench.follow(spec.attempt)) {
        if (event.type === 'service-ended') {
          expect(event.service).toEqual({
            name: 'db',
            failed: true,
            message: 'The service "db" ended with code 9 while the step runs. The step goes on without it.',
            log: 'out of luck',
          });
          await here.bench.runner.cancel(spec.attempt, 1, 500, patience());
        } else if (event.type === 'ended') ended = event;
      }
      expect(ended?.outcome.result).toBe('Cancelled');
      expect(ended?.services).toEqual([
        {
          name: 'db',
          failed: true,
          message: 'The service "db" ended with code 9 before the step was over.',
          log: 'out of luck',
        },
      ]);
      await goneAfterFinish(spec.attempt);
    });

    it('that were ended with their step have not failed, however often its end is asked for', async () => {
      const services = { db: { script: 'exec sleep 60' } };
      const spec = await specOf(services);
      await here.bench.stage(spec);
      await open(spec.attempt, 'true', services);
      expect((await told(spec.attempt)).services).toEqual([]);
      await eventually('the service was ended', async () =>
        (await left(spec.attempt)).every(({ status }) => status !== 'running'),
      );
      expect(await told(spec.attempt)).toMatchObject({ services: [], during: [] });
      await goneAfterFinish(spec.attempt);
    });

    it('get TERM and their grace when the step is over', async () => {
      const services = {
        db: { script: 'trap "sleep 0.3; echo saved; exit 0" TERM; while :; do sleep 0.05; done' },
      };
      const spec = await specOf(services);
      await here.bench.stage(spec);
      // Until then its shell has set the trap.
      await open(spec.attempt, 'sleep 0.7', services);
      await told(spec.attempt);
      const log = `${await here.bench.directoryOf(spec.attempt)}/services/db/a/log`;
      await eventually('the service has ended by itself', async () =>
        (await readFile(log, 'utf8')).includes('saved'),
      );
      await goneAfterFinish(spec.attempt);
    });

    it('get KILL when the grace is over', async () => {
      const services = {
        db: { script: 'trap "" TERM; while :; do sleep 0.05; done', spec: { graceMs: 200 } },
      };
      const spec = await specOf(services);
      await here.bench.stage(spec);
      await open(spec.attempt, 'true', services);
      await told(spec.attempt);
      await goneAfterFinish(spec.attempt);
    });

    it('have ended, too, when the end of their step is confirmed', async () => {
      const services = {
        db: { script: 'trap "" TERM; while :; do sleep 0.05; done', spec: { graceMs: 2_000 } },
      };
      const spec = await specOf(services);
      await here.bench.stage(spec);
      await open(spec.attempt, 'exec sleep 600', services);
      await here.bench.runner.cancel(spec.attempt, 1, 500, patience());
      expect((await told(spec.attempt)).confirmed).toMatchObject({ result: 'Cancelled' });
      expect((await left(spec.attempt)).map(({ status }) => status)).not.toContain('running');
      await goneAfterFinish(spec.attempt);
    });

    it('do not keep a cancel waiting while their health is waited for', async () => {
      const services = {
        db: { script: 'exec sleep 60', late: { health: { check: { kind: 'port', port: 5432 } } } },
      } as const;
      const spec = await specOf(services);
      await here.bench.stage(spec);
      const waiting = Promise.withResolvers<void>();
      const opening = open(spec.attempt, 'echo never', services, {}, () => waiting.resolve());
      const refused = opening.catch((error) => error);
      await waiting.promise;
      await here.bench.runner.cancel(spec.attempt, 1, 500, patience());
      expect(await refused).toMatchObject({ kind: 'Conflict' });
      const { stdout, confirmed } = await told(spec.attempt);
      expect(stdout).toBe('');
      expect(confirmed).toMatchObject({ result: 'Cancelled', cause: 'cancelled-at-gate' });
      await goneAfterFinish(spec.attempt);
    });

    it('do not keep a cancel waiting that came just before their health was waited for', async () => {
      const services = {
        db: { script: 'echo up; exec sleep 60', late: { health: { check: { kind: 'port', port: 5432 } } } },
      } as const;
      const spec = await specOf(services);
      const journal = await openFileJournal(`${here.bench.dataDirectory}/journal`);
      const reached = Promise.withResolvers<void>();
      const goOn = Promise.withResolvers<void>();
      here.bench.runner = await here.bench.another({
        journal: {
          get: (attempt) => journal.get(attempt),
          list: () => journal.list(),
          remove: (attempt) => journal.remove(attempt),
          put: async (entry) => {
            if (entry.cancelRequested) {
              reached.resolve();
              await goOn.promise;
            }
            await journal.put(entry);
          },
        },
      });
      await here.bench.stage(spec);
      const cancelling = here.bench.runner.cancel(spec.attempt, 1, 500, patience());
      await reached.promise;
      // The cancel has been asked for and is not written down yet: nothing tells so to whoever opens now.
      const opening = open(spec.attempt, 'echo never', services).catch((error) => error);
      const log = `${await here.bench.directoryOf(spec.attempt)}/services/db/a/log`;
      await eventually('the service is up', async () => (await readFile(log, 'utf8')) === 'up\n');
      goOn.resolve();
      await cancelling;
      expect(await opening).toMatchObject({ kind: 'Conflict' });
      expect((await told(spec.attempt)).confirmed).toMatchObject({ cause: 'cancelled-at-gate' });
      await goneAfterFinish(spec.attempt);
    });

    it('outlive the runner with their step, and are ended by the one that comes back', async () => {
      const services = {
        web: {
          script: web,
          late: { environment: { GREETING: 'still here' }, health: { check: { kind: 'port', port: 8080 } } },
        },
      } as const;
      const spec = await specOf(services);
      await here.bench.stage(spec);
      await open(spec.attempt, `sleep 1.5; ${reached}`, services);
      await here.bench.restart();
      const { stdout } = await told(spec.attempt);
      expect(stdout).toBe('still here\nstill here\n');
      await goneAfterFinish(spec.attempt);
    });

    it('that were staged only are thrown away with their step after a crash', async () => {
      const spec = await specOf({ db: { script: 'sleep 60' } });
      await here.bench.stage(spec);
      await here.bench.restart();
      await here.bench.runner.settled();
      await eventually('nothing is left', async () => (await left(spec.attempt)).length === 0);
    });

    it('of which nobody remembers anything are ended and removed', async () => {
      const services = { db: { script: 'exec sleep 60' } };
      const spec = await specOf(services);
      await here.bench.stage(spec);
      await open(spec.attempt, 'sleep 60', services);
      await promisify(execFile)('sh', ['-c', `rm -rf ${here.bench.dataDirectory}/journal/*`]);
      await here.bench.restart();
      await here.bench.runner.warm(patience());
      await eventually('nothing is left', async () => (await left(spec.attempt)).length === 0);
    });
  });
}
