/** The pure parts of acquisition: platforms, trouble with registries, progress for people, shared pulls. */

import { ArgonautError } from '@argonaut/contracts';
import type { AcquiredImage, AcquireProgress } from '@argonaut/contracts/attempt';
import { describe, expect, it } from 'vitest';
import { answerError } from '../docker/errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { ImageDetails } from '../ports/engine.ts';
import { checkArchitecture, checkPlatforms } from './platform.ts';
import { PullReport } from './progress.ts';
import { registryError, troubleOf, withRetries } from './registry-trouble.ts';
import { SharedPulls } from './shared-pulls.ts';

const worker = { os: 'linux', architecture: 'amd64' };

function heldClock(): Clock & { at: number; readonly slept: number[] } {
  const slept: number[] = [];
  return {
    at: 0,
    slept,
    now: () => 0,
    monotonic() {
      return this.at;
    },
    random: () => 0.5,
    sleep: async (ms, signal) => {
      signal.throwIfAborted();
      slept.push(ms);
    },
  };
}

describe('platforms', () => {
  const resolved = (...names: string[]) => ({
    reference: 'x',
    digest: 'sha256:1',
    platforms: names.map((name) => {
      const [os = '', architecture = ''] = name.split('/');
      return { os, architecture };
    }),
  });

  it('must include that of the worker', () => {
    checkPlatforms('x', resolved('linux/arm64', 'linux/amd64'), worker);
    expect(() =>
      checkPlatforms('x', resolved('linux/arm64', 'windows/amd64', 'unknown/unknown'), worker),
    ).toThrow('Image x is for linux/arm64, windows/amd64; the worker runs linux/amd64.');
  });

  it('that nobody names hinder nothing', () => {
    checkPlatforms('x', resolved(), worker);
    checkPlatforms('x', resolved('/'), worker);
    checkArchitecture('x', { os: '', architecture: '' } as ImageDetails, worker);
  });
});

describe('trouble with a registry', () => {
  it.each([
    [429, 'toomanyrequests: slow down', 'rate-limit'],
    [500, 'toomanyrequests: You have reached your pull rate limit', 'rate-limit'],
    [500, 'received unexpected HTTP status: 503 Service Unavailable', 'passing'],
    [500, 'net/http: TLS handshake timeout', 'passing'],
    [500, 'unauthorized: incorrect username or password', 'lasting'],
    [500, 'no basic auth credentials', 'lasting'],
    [500, 'manifest unknown: manifest unknown', 'lasting'],
    [500, 'dial tcp: lookup nowhere: no such host', 'lasting'],
    [401, 'unauthorized', 'lasting'],
    [403, 'denied', 'lasting'],
    [404, 'not found', 'lasting'],
    [500, 'write /tmp/x: no space left on device', 'no-space'],
  ] as const)('%i %s is %s', (status, message, trouble) => {
    expect(troubleOf(answerError('asking', status, message))).toBe(trouble);
  });

  it('is judged by what the engine says, not by what the image is called', () => {
    for (const name of ['certificate-manager', 'access-denied', 'unauthorized']) {
      const subject = `asking the registry for registry.test/${name}:1`;
      for (const said of [
        'received unexpected HTTP status: 503 Service Unavailable',
        `Get "https://registry.test/v2/${name}/manifests/1": EOF`,
        `failed to resolve reference "registry.test/${name}:1": unexpected status: 502 Bad Gateway`,
      ]) {
        const error = answerError(subject, 500, said);
        expect(troubleOf(error), said).toBe('passing');
        expect(registryError(error, `registry.test/${name}:1`, true)).toMatchObject({
          kind: 'InfrastructureFailure',
        });
      }
    }
    expect(troubleOf(answerError('asking', 500, 'x509: certificate has expired'))).toBe('lasting');
  });

  it.each([
    ['failed to register layer: open /x: permission denied', 'lasting', 'InfrastructureFailure'],
    ['failed to register layer: /x: file not found', 'passing', 'InfrastructureFailure'],
    ['failed to register layer: write /x: no space left on device', 'no-space', 'InfrastructureFailure'],
    ['pull access denied for x', 'lasting', 'Unauthorised'],
    ['content at https://x/v2/y/blobs/sha256:1 not found', 'lasting', 'NotFound'],
  ] as const)('while layers come, %s is %s', (said, trouble, kind) => {
    const error = answerError('pulling', 500, said);
    expect(troubleOf(error, 'pulling')).toBe(trouble);
    expect(registryError(error, 'tool:1', true, 'pulling')).toMatchObject({ kind });
  });

  it('that may pass is waited out, longer each time, and told', async () => {
    const clock = heldClock();
    const told: AcquireProgress[] = [];
    let tried = 0;
    const done = await withRetries(
      clock,
      AbortSignal.timeout(5_000),
      (line) => told.push(line),
      ['asking', 'Asking'],
      async () => {
        tried += 1;
        if (tried < 3) throw answerError('asking', 500, 'unexpected EOF');
        return 'done';
      },
    );
    expect(done).toBe('done');
    expect(clock.slept).toEqual([500, 1_000]);
    expect(told.map(({ level }) => level)).toEqual(['Warning', 'Warning']);
  });

  it('with credentials is never tried twice', async () => {
    const clock = heldClock();
    let tried = 0;
    const work = withRetries(
      clock,
      AbortSignal.timeout(5_000),
      () => {},
      ['asking', 'Asking'],
      async () => {
        tried += 1;
        throw answerError('asking', 500, 'unauthorized: incorrect username or password');
      },
    );
    await expect(work).rejects.toThrow(/unauthorized/);
    expect(tried).toBe(1);
  });

  it.each([
    [401, 'unauthorized', true, 'Unauthorised', /refuses the feed's user name or password for tool:1/],
    [500, 'no basic auth credentials', false, 'Unauthorised', /wants a user name and a password/],
    [403, 'denied', false, 'Forbidden', /anonymous user/],
    [404, 'manifest unknown', false, 'NotFound', /has no tool:1/],
    [429, 'toomanyrequests', false, 'Unavailable', /limits how often/],
    [500, 'connection refused', false, 'InfrastructureFailure', /cannot be used by the worker's engine/],
  ] as const)('%i %s says what to do', (status, said, withCredentials, kind, message) => {
    const error = registryError(answerError('asking', status, said), 'tool:1', withCredentials);
    expect(error).toMatchObject({ kind });
    expect(String(error)).toMatch(message);
  });
});

describe('the progress of a pull', () => {
  it('is few lines for many', () => {
    const clock = heldClock();
    const told: AcquireProgress[] = [];
    const report = new PullReport('tool:1', 'sha256:1', (line) => told.push(line), clock);
    for (let step = 1; step <= 1_000; step++) {
      clock.at = step * 3;
      report.take({ layer: 'a', status: 'Downloading', currentBytes: step * 1_000, totalBytes: 1_000_000 });
    }
    report.take({ layer: 'a', status: 'Pull complete' });
    report.done(2_500_000);
    expect(told.length).toBeLessThan(7);
    expect(told[1]?.message).toMatch(/0 of 1 layers, 0\.3 of 1\.0 MB/);
    expect(told.at(-1)?.message).toBe('Image tool:1 is ready after 3.0 s (2.5 MB, 1 layers)');
  });
});

describe('a layer that breaks off', () => {
  it('is told once for each time, not for each second that the engine waits', () => {
    const told: AcquireProgress[] = [];
    const report = new PullReport('tool:1', 'sha256:1', (line) => told.push(line), heldClock());
    const waits = ['Retrying in 2 seconds', 'Retrying in 1 second'];
    for (const status of [...waits, 'Downloading', ...waits]) report.take({ layer: 'a', status });
    expect(told.filter(({ level }) => level === 'Warning').map(({ message }) => message)).toEqual([
      'Pulling tool:1: layer a broke off; the engine tries again.',
      'Pulling tool:1: layer a broke off; the engine tries again.',
    ]);
  });
});

describe('a shared pull', () => {
  const image: AcquiredImage = { reference: 'x', local: 'y', os: 'linux', architecture: 'amd64' };

  it('ends when the last one who waits has left, and the next one begins anew', async () => {
    const pulls = new SharedPulls();
    const stopped: AbortSignal[] = [];
    const endless = (_tell: unknown, signal: AbortSignal) => {
      stopped.push(signal);
      return new Promise<AcquiredImage>((_, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason)),
      );
    };
    const leavers = [new AbortController(), new AbortController()];
    const waiting = leavers.map(({ signal }) => pulls.share('d', () => {}, signal, endless));
    await Promise.resolve();
    leavers[0]?.abort(new Error('one'));
    await expect(waiting[0]).rejects.toThrow('one');
    expect(stopped.map(({ aborted }) => aborted)).toEqual([false]);
    leavers[1]?.abort(new Error('two'));
    await expect(waiting[1]).rejects.toThrow('two');
    expect(stopped.map(({ aborted }) => aborted)).toEqual([true]);
    expect(
      await pulls.share(
        'd',
        () => {},
        AbortSignal.timeout(5_000),
        async () => image,
      ),
    ).toBe(image);
  });

  it('that was refused for other credentials is tried with those of whoever joined it, and with the same ones never again', async () => {
    const pulls = new SharedPulls();
    const forever = AbortSignal.timeout(5_000);
    const refused = Promise.withResolvers<AcquiredImage>();
    const share = (who: string, work: () => Promise<AcquiredImage>) =>
      pulls.share('d', () => {}, forever, work, { who, from: 'tool' });
    const never = () => Promise.reject(new Error('not with the same ones again'));
    const first = share('a', () => refused.promise);
    const second = share('b', async () => image);
    const third = share('b', never);
    const fourth = share('a', never);
    refused.reject(new ArgonautError('Unauthorised', 'wrong password'));
    await expect(first).rejects.toThrow('wrong password');
    await expect(fourth).rejects.toThrow('wrong password');
    expect(await Promise.all([second, third])).toEqual([image, image]);
  });

  it('that failed is not remembered', async () => {
    const pulls = new SharedPulls();
    const failing = pulls.share(
      'd',
      () => {},
      AbortSignal.timeout(5_000),
      () => Promise.reject(new Error('no')),
    );
    await expect(failing).rejects.toThrow('no');
    expect(
      await pulls.share(
        'd',
        () => {},
        AbortSignal.timeout(5_000),
        async () => image,
      ),
    ).toBe(image);
  });
});
