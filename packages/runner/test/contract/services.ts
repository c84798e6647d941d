/** Services: containers beside a step, which begin before it and share its network. How they end: `services-end.ts`. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { LateService, ServiceReport } from '@argonaut/contracts/attempt';
import { describe, expect, it } from 'vitest';
import { eventually, type OpenPorts, patience } from './bench.ts';
import { type Beside, reached, serviceBench, web } from './services-bench.ts';

const docker = (...args: string[]) => promisify(execFile)('docker', args);

export function servicesContract(openPorts: OpenPorts): void {
  describe('services', () => {
    const here = serviceBench(openPorts);
    const { specOf, open, told, left, goneAfterFinish } = here;

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
        await here.bench.stage({ ...spec, place: { ...spec.place, network } });
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
      await here.bench.stage(spec);
      const directory = await here.bench.directoryOf(spec.attempt);
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
      await here.bench.stage(spec);
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
      await here.bench.stage(spec);
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
      await here.bench.stage(spec);
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
      await here.bench.stage(spec);
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
      await here.bench.runner.discard(spec.attempt, 1, patience());
      await here.bench.runner.settled();
      expect(await left(spec.attempt)).toEqual([]);
    });

    it('that end at once are told at once, with how', async () => {
      const services = {
        db: { script: 'echo no disk; exit 3', late: { health: { check: { kind: 'port', port: 5432 } } } },
      } as const;
      const spec = await specOf(services);
      await here.bench.stage(spec);
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
      await here.bench.stage(spec);
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
      await here.bench.stage(spec);
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
      await here.bench.stage(spec);
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
  });
}
