/** Services: containers beside a step, which begin before it, share its network, and end with it. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import type {
  AttemptEnded,
  AttemptSpec,
  LateService,
  Outcome,
  ServiceReport,
  ServiceSpec,
  TellLine,
} from '@argonaut/contracts/attempt';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { TestImage } from '../../../../scripts/images/catalogue.ts';
import { openFileJournal } from '../../src/index.ts';
import { Bench, bytesOf, eventually, late, namedSecrets, type OpenPorts, patience } from './bench.ts';

const docker = (...args: string[]) => promisify(execFile)('docker', args);

interface Beside {
  readonly image?: TestImage;
  readonly script?: string;
  readonly spec?: Partial<ServiceSpec>;
  readonly late?: Partial<LateService>;
}

/** An HTTP server that gives what its variable says. */
const web = 'mkdir /tmp/w; echo "$GREETING" > /tmp/w/hello; exec httpd -f -p 8080 -h /tmp/w';
const reached = 'wget -qO- http://web:8080/hello; wget -qO- http://127.0.0.1:8080/hello';

export function servicesContract(openPorts: OpenPorts): void {
  describe('services', () => {
    let bench: Bench;
    const used: string[] = [];
    beforeAll(async () => {
      bench = await Bench.open(openPorts);
    });
    afterEach(async () => {
      for (const attempt of used.splice(0))
        await bench.runner.discard(attempt, 1, patience()).catch(() => {});
    });
    afterAll(() => bench?.close());

    async function specOf(services: Readonly<Record<string, Beside>>, over: Partial<AttemptSpec> = {}) {
      const specs: ServiceSpec[] = [];
      for (const [name, { image = 'busybox', spec }] of Object.entries(services)) {
        specs.push({
          name,
          image: await bench.image(image),
          limits: {},
          graceMs: 2_000,
          log: 'failure',
          ...spec,
        });
      }
      const made = await bench.spec({ spec: { services: specs, ...over } });
      used.push(made.attempt);
      return made;
    }

    function open(
      attempt: string,
      script: string,
      services: Readonly<Record<string, Beside>>,
      secrets: Readonly<Record<string, string>> = {},
      tell: TellLine = () => {},
    ) {
      const beside = Object.entries(services).map(
        ([name, { script: body, late: given }]): LateService => ({
          name,
          argv: body === undefined ? [] : ['sh', '-c', body],
          environment: {},
          health: {},
          ...given,
        }),
      );
      const values = { ...late(script), services: beside, secrets: namedSecrets(secrets) };
      return bench.runner.open(attempt, 1, values, tell, patience());
    }

    async function told(attempt: string, secrets: Readonly<Record<string, string>> = {}) {
      const chunks = [];
      let ended: AttemptEnded | undefined;
      let confirmed: Outcome | undefined;
      const during: ServiceReport[] = [];
      for await (const event of bench.follow(attempt, { secrets })) {
        if (event.type === 'log') chunks.push(event);
        else if (event.type === 'service-ended') during.push(event.service);
        else if (event.type === 'ended') ended = event;
        else if (event.type === 'confirmed') confirmed = event.outcome;
      }
      return {
        stdout: bytesOf(chunks, 'stdout').toString(),
        services: ended?.services ?? [],
        during,
        confirmed,
      };
    }

    async function left(attempt: string) {
      return (await bench.containers()).filter(({ name }) => name.startsWith(`argonaut-${attempt}`));
    }

    const goneAfterFinish = async (attempt: string) => {
      await bench.finish(attempt);
      await bench.runner.settled();
      expect(await left(attempt)).toEqual([]);
    };

    it.each(['none', 'own', 'lane'] as const)(
      'are reached by name and at localhost (network "%s"), and end with the step',
      async (network) => {
        const services = {
          web: {
            script: web,
            late: { environment: { GREETING: 'hello' }, health: { check: { kind: 'port', port: 8080 } } },
          },
        } as const;
        const spec = await specOf(services);
        if (spec.place.kind !== 'container') throw new Error('a container was wanted');
        await bench.stage({ ...spec, place: { ...spec.place, network } });
        await open(spec.attempt, reached, services);
        const { stdout, confirmed, services: reports } = await told(spec.attempt);
        expect(stdout).toBe('hello\nhello\n');
        expect(confirmed?.result).toBe('Succeeded');
        expect(reports).toEqual([]);
        await goneAfterFinish(spec.attempt);
      },
    );

    it('run nothing while they are staged', async () => {
      const services = { web: { script: 'echo ran' } };
      const spec = await specOf(services);
      await bench.stage(spec);
      const directory = await bench.directoryOf(spec.attempt);
      expect(await readFile(`${directory}/services/web/a/log`, 'utf8')).toBe('');
      expect((await left(spec.attempt)).map(({ status }) => status)).toEqual(['running', 'running']);
    });

    it('keep their secrets from the engine, and have the fences of a step', async () => {
      const canary = `canary-${randomBytes(8).toString('hex')}`;
      const services = {
        db: {
          script:
            'grep NoNewPrivs /proc/self/status; test -n "$PASSWORD" && echo "got $PASSWORD"; exec sleep 60',
          spec: { log: 'always' },
          late: {
            environment: { PASSWORD: canary },
            health: {
              check: { kind: 'shell', line: `test "$PASSWORD" = "${canary.slice(0, 3)}${canary.slice(3)}"` },
            },
          },
        },
      } as const;
      const spec = await specOf(services);
      await bench.stage(spec);
      // The line above would show it to the engine: a check refers to variables.
      const check = { kind: 'shell', line: 'test "${#PASSWORD}" -eq 23' } as const;
      await open(
        spec.attempt,
        'sleep 0.5',
        { db: { ...services.db, late: { ...services.db.late, health: { check } } } },
        { Canary: canary },
      );
      const { stdout } = await docker('inspect', `argonaut-${spec.attempt}-db`);
      expect(stdout).not.toContain(canary);
      const [inspected] = JSON.parse(stdout);
      expect(inspected.HostConfig).toMatchObject({ CapDrop: ['ALL'], PidsLimit: 4096, Privileged: false });
      expect(inspected.Config.Labels).toMatchObject({
        'argonaut.role': 'service',
        'argonaut.task': 'ServerTasks-1',
      });
      const { services: reports } = await told(spec.attempt, { Canary: canary });
      expect(reports).toMatchObject([{ name: 'db', failed: false }]);
      expect(reports[0]?.log).toMatch(/NoNewPrivs:\s+1\ngot \*{8}\(Canary\)/);
      await goneAfterFinish(spec.attempt);
    });

    it('hide what the step declares secret while it runs', async () => {
      const value = (text: string) => Buffer.from(text).toString('base64');
      const services = {
        db: {
          script: 'echo it is declared-late; echo ready; exec sleep 60',
          spec: { log: 'always' },
          late: { health: { check: { kind: 'none' } } },
        },
      } as const;
      const spec = await specOf(services);
      await bench.stage(spec);
      const script = `echo "##octopus[mask value='${value('declared-late')}']"; sleep 1`;
      await open(spec.attempt, script, services);
      const { services: reports } = await told(spec.attempt);
      expect(reports[0]?.log).toBe('it is ********\nready');
      await goneAfterFinish(spec.attempt);
    });

    it('wait for what the HEALTHCHECK of the image says', async () => {
      const services = {
        sick: { image: 'healthcheck', script: 'exec sleep 60', late: { health: { retries: 2 } } },
      } as const;
      const spec = await specOf(services);
      await bench.stage(spec);
      await expect(open(spec.attempt, 'echo never', services)).rejects.toMatchObject({
        kind: 'Invalid',
        message: expect.stringMatching(/"sick" was not healthy: its health check failed 2 times/),
      });
    });

    it('that never become healthy keep the step from starting, and show the end of their log', async () => {
      const secret = `pass-${randomBytes(6).toString('hex')}`;
      const services = {
        db: {
          script: `echo "cannot open the database with ${secret}"; exec sleep 60`,
          late: { health: { check: { kind: 'port', port: 5432 }, deadlineMs: 700, intervalMs: 100 } },
        },
      } as const;
      const spec = await specOf(services);
      await bench.stage(spec);
      const lines: string[] = [];
      const secrets = { Password: secret };
      const opening = open(spec.attempt, 'echo never', services, secrets, ({ message }) =>
        lines.push(message),
      );
      const refused = await opening.catch((error) => error);
      expect(lines.at(-1)).toMatch(/^Service "db" .* is given up after [\d.]+ s\.$/);
      expect(refused).toMatchObject({ kind: 'Invalid' });
      expect(refused.message).toMatch(
        /"db" was not healthy within 0.7 s: port 5432 failed \d+ times.*The step was not started/,
      );
      const [report] = refused.details.services as ServiceReport[];
      expect(report).toMatchObject({ name: 'db', failed: true });
      expect(report?.log).toBe('cannot open the database with ********(Password)');
      await bench.runner.discard(spec.attempt, 1, patience());
      await bench.runner.settled();
      expect(await left(spec.attempt)).toEqual([]);
    });

    it('that end at once are told at once, with how', async () => {
      const services = {
        db: { script: 'echo no disk; exit 3', late: { health: { check: { kind: 'port', port: 5432 } } } },
      } as const;
      const spec = await specOf(services);
      await bench.stage(spec);
      await expect(open(spec.attempt, 'echo never', services)).rejects.toMatchObject({
        message: expect.stringContaining('The service "db" ended with code 3'),
        details: { services: [{ log: 'no disk' }] },
      });
    });

    it('that end while others are waited for keep the step from starting, too', async () => {
      const check = (path: string): Partial<LateService> => ({
        health: { check: { kind: 'command', argv: ['test', '-e', path] } },
      });
      const services: Record<string, Beside> = {
        early: {
          script: 'touch /tmp/up; until test -e /tmp/end; do sleep 0.05; done; exit 4',
          late: check('/tmp/up'),
        },
        late: { script: 'exec sleep 60', late: check('/tmp/ready') },
      };
      const spec = await specOf(services);
      await bench.stage(spec);
      const lines: string[] = [];
      const opening = open(spec.attempt, 'echo never', services, {}, ({ message }) => lines.push(message));
      const refused = opening.catch((error) => error);
      await eventually('one is ready', async () => lines.some((line) => /"early".* is ready/.test(line)));
      const touch = (name: string, path: string) =>
        docker('exec', `argonaut-${spec.attempt}-${name}`, 'touch', path);
      await touch('early', '/tmp/end');
      await eventually('it has ended', async () =>
        (await left(spec.attempt)).some(({ status }) => status === 'exited'),
      );
      await touch('late', '/tmp/ready');
      expect(await refused).toMatchObject({
        kind: 'Invalid',
        message: expect.stringMatching(
          /"early" ended with code 4 after it was ready\. The step was not started/,
        ),
      });
    });

    it('whose program is not in the image are told so', async () => {
      const services = { db: { late: { argv: ['/no/such/program'] } } };
      const spec = await specOf(services);
      await bench.stage(spec);
      await expect(open(spec.attempt, 'echo never', services)).rejects.toMatchObject({
        message: expect.stringContaining('could not be started: no such file or directory'),
      });
    });

    it('are told to be waited for while that lasts, and for how long it was', async () => {
      const services: Record<string, Beside> = {
        db: {
          script: 'exec sleep 60',
          late: { health: { check: { kind: 'command', argv: ['test', '-e', '/tmp/ready'] } } },
        },
      };
      const spec = await specOf(services);
      await bench.stage(spec);
      const lines: string[] = [];
      const opening = open(spec.attempt, 'true', services, {}, ({ message }) => lines.push(message));
      await eventually('the wait is told', async () => lines.length > 0);
      expect(lines).toEqual([
        'Service "db" (argonaut-test/busybox:1) has been started; the step waits for test, 120 s at most.',
      ]);
      // It comes up only because it has been told to be waited for.
      await docker('exec', `argonaut-${spec.attempt}-db`, 'touch', '/tmp/ready');
      await opening;
      expect(lines.slice(1)).toEqual([expect.stringMatching(/^Service "db" .* is ready after [\d.]+ s\.$/)]);
      await told(spec.attempt);
      await goneAfterFinish(spec.attempt);
    });

    it('that end in the middle are told at that moment with the end of their log, and again at the end', async () => {
      const services = { db: { script: 'echo out of luck; sleep 0.3; exit 9' } };
      const spec = await specOf(services);
      await bench.stage(spec);
      // Ends only because it has been told.
      await open(spec.attempt, 'exec sleep 600', services);
      let ended: AttemptEnded | undefined;
      for await (const event of bench.follow(spec.attempt)) {
        if (event.type === 'service-ended') {
          expect(event.service).toEqual({
            name: 'db',
            failed: true,
            message: 'The service "db" ended with code 9 while the step runs. The step goes on without it.',
            log: 'out of luck',
          });
          await bench.runner.cancel(spec.attempt, 1, 500, patience());
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
      await bench.stage(spec);
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
      await bench.stage(spec);
      // Until then its shell has set the trap.
      await open(spec.attempt, 'sleep 0.7', services);
      await told(spec.attempt);
      const log = `${await bench.directoryOf(spec.attempt)}/services/db/a/log`;
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
      await bench.stage(spec);
      await open(spec.attempt, 'true', services);
      await told(spec.attempt);
      await goneAfterFinish(spec.attempt);
    });

    it('have ended, too, when the end of their step is confirmed', async () => {
      const services = {
        db: { script: 'trap "" TERM; while :; do sleep 0.05; done', spec: { graceMs: 2_000 } },
      };
      const spec = await specOf(services);
      await bench.stage(spec);
      await open(spec.attempt, 'exec sleep 600', services);
      await bench.runner.cancel(spec.attempt, 1, 500, patience());
      expect((await told(spec.attempt)).confirmed).toMatchObject({ result: 'Cancelled' });
      expect((await left(spec.attempt)).map(({ status }) => status)).not.toContain('running');
      await goneAfterFinish(spec.attempt);
    });

    it('do not keep a cancel waiting while their health is waited for', async () => {
      const services = {
        db: { script: 'exec sleep 60', late: { health: { check: { kind: 'port', port: 5432 } } } },
      } as const;
      const spec = await specOf(services);
      await bench.stage(spec);
      const opening = open(spec.attempt, 'echo never', services).catch((error) => error);
      await new Promise((resume) => setTimeout(resume, 300));
      await bench.runner.cancel(spec.attempt, 1, 500, patience());
      expect(await opening).toMatchObject({ kind: 'Conflict' });
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
      const journal = await openFileJournal(`${bench.dataDirectory}/journal`);
      const reached = Promise.withResolvers<void>();
      const goOn = Promise.withResolvers<void>();
      bench.runner = await bench.another({
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
      await bench.stage(spec);
      const cancelling = bench.runner.cancel(spec.attempt, 1, 500, patience());
      await reached.promise;
      // The cancel has been asked for and is not written down yet: nothing tells so to whoever opens now.
      const opening = open(spec.attempt, 'echo never', services).catch((error) => error);
      const log = `${await bench.directoryOf(spec.attempt)}/services/db/a/log`;
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
      await bench.stage(spec);
      await open(spec.attempt, `sleep 1.5; ${reached}`, services);
      await bench.restart();
      const { stdout } = await told(spec.attempt);
      expect(stdout).toBe('still here\nstill here\n');
      await goneAfterFinish(spec.attempt);
    });

    it('that were staged only are thrown away with their step after a crash', async () => {
      const spec = await specOf({ db: { script: 'sleep 60' } });
      await bench.stage(spec);
      await bench.restart();
      await bench.runner.settled();
      await eventually('nothing is left', async () => (await left(spec.attempt)).length === 0);
    });

    it('of which nobody remembers anything are ended and removed', async () => {
      const services = { db: { script: 'exec sleep 60' } };
      const spec = await specOf(services);
      await bench.stage(spec);
      await open(spec.attempt, 'sleep 60', services);
      await promisify(execFile)('sh', ['-c', `rm -rf ${bench.dataDirectory}/journal/*`]);
      await bench.restart();
      await bench.runner.warm(patience());
      await eventually('nothing is left', async () => (await left(spec.attempt)).length === 0);
    });
  });
}
