import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import {
  DigestMismatch,
  InvalidFeed,
  NotARegistry,
  RateLimited,
  ServerError,
  Unreachable,
  UnsafeRedirect,
} from '../../src/feeds/registry/index.ts';
import { makeImage, serve } from './images.ts';
import { clientFor, failure, type Handler, refuse, reply, startStub } from './stub.ts';

const image = makeImage({ os: 'linux', architecture: 'amd64' });
const content = serve({ 'team/app': { tags: { '1': image.manifest }, blobs: [image.config] } });

/** Plays the faults one after the other, then the registry. */
function after(...faults: Handler[]): Handler {
  let turn = 0;
  return (sent, response, request) => (faults[turn++] ?? content)(sent, response, request);
}

const status =
  (code: number, headers: Record<string, string> = {}): Handler =>
  (_, response) =>
    reply(response, code, { errors: [{ code: 'X', message: 'told you' }] }, headers);

const dropConnection: Handler = (_, __, request) => request.socket.destroy();

describe('a registry that limits requests (429)', () => {
  test('is asked again when it said, and not before', async () => {
    await using stub = await startStub(after(status(429, { 'retry-after': '30' })));
    const { client, clock } = clientFor(stub);
    expect((await client.tags('team/app')).tags).toEqual(['1']);
    expect(clock.slept).toHaveLength(1);
    expect(clock.slept[0]).toBeGreaterThanOrEqual(30_000);
  });

  test('for longer than the call may last: the error says until when, at once', async () => {
    await using stub = await startStub(status(429, { 'retry-after': '3600' }));
    const { client, clock } = clientFor(stub);
    const error = await failure(client.resolve('team/app', '1'));
    expect(error).toBeInstanceOf(RateLimited);
    expect(error).toMatchObject({ kind: 'Unavailable', until: new Date('2030-01-01T01:00:00Z') });
    expect(error.message).toMatch(
      /"team\/app:1".*limited until 2030-01-01T01:00:00.*give the feed credentials/,
    );
    expect(clock.slept).toEqual([]);
    expect(stub.sent).toHaveLength(1);
  });

  test('is left alone by every call of the client until then', async () => {
    await using stub = await startStub(after(status(429, { 'retry-after': '3600' })));
    const { client, clock } = clientFor(stub);
    await failure(client.resolve('team/app', '1'));
    expect(await failure(client.tags('team/app'))).toBeInstanceOf(RateLimited);
    expect(stub.sent).toHaveLength(1);
    clock.time += 3_600_000;
    expect((await client.tags('team/app')).tags).toEqual(['1']);
  });

  test('without saying until when is tried a few times with growing waits', async () => {
    await using stub = await startStub(status(429));
    const { client, clock } = clientFor(stub);
    const error = await failure(client.tags('team/app'));
    expect(error).toMatchObject({ until: null });
    expect(error.message).toMatch(/did not say until when.*Tried 5 times/);
    // Half of 1, 2, 4 and 8 s: chance always says one half here.
    expect(clock.slept).toEqual([500, 1_000, 2_000, 4_000]);
  });
});

describe('a registry that fails', () => {
  test.each([500, 502, 503, 504])('with %d and then recovers: nobody notices', async (code) => {
    await using stub = await startStub(after(status(code), status(code)));
    expect((await clientFor(stub).client.tags('team/app')).tags).toEqual(['1']);
    expect(stub.sent).toHaveLength(3);
  });

  test('and goes on failing: the error counts the attempts and quotes the registry', async () => {
    await using stub = await startStub(status(503));
    const error = await failure(clientFor(stub, { retries: 2 }).client.tags('team/app'));
    expect(error).toBeInstanceOf(ServerError);
    expect(error.message).toMatch(/status 503.*"team\/app".*"told you".*Tried 3 times/);
    expect(stub.sent).toHaveLength(3);
  });

  test('and asks for a pause gets it', async () => {
    await using stub = await startStub(after(status(503, { 'retry-after': '7' })));
    const { client, clock } = clientFor(stub);
    await client.tags('team/app');
    expect(clock.slept).toEqual([7_000]);
  });

  test('by closing the connection is asked again', async () => {
    await using stub = await startStub(after(dropConnection));
    expect((await clientFor(stub).client.tags('team/app')).tags).toEqual(['1']);
  });

  test('by closing every connection', async () => {
    await using stub = await startStub(dropConnection);
    const error = await failure(clientFor(stub, { retries: 1 }).client.ping());
    expect(error).toMatchObject({ fault: 'Unreachable', reason: 'closed' });
    expect(error.message).toMatch(/If it speaks TLS, write "https:/);
  });

  test('in the middle of a body is asked again', async () => {
    const half: Handler = (_, response, request) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('{"tags":', () => request.socket.destroy());
    };
    await using stub = await startStub(after(half));
    expect((await clientFor(stub).client.tags('team/app')).tags).toEqual(['1']);
  });
});

describe('a registry that cannot be reached', () => {
  test('because nothing listens', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const { client } = clientFor({ origin: `http://127.0.0.1:${port}` }, { retries: 1 });
    const error = await failure(client.ping());
    expect(error).toBeInstanceOf(Unreachable);
    expect(error).toMatchObject({ reason: 'refused' });
    expect(error.message).toMatch(/"Our registry".*Nothing listens.*Check the port.*Tried 2 times/);
  });

  test('because its name is unknown', async () => {
    const { client } = clientFor({ origin: 'https://registry.invalid' }, { retries: 0 });
    const error = await failure(client.ping());
    expect(error).toMatchObject({ fault: 'Unreachable', reason: 'dns' });
    expect(error.message).toMatch(/"registry\.invalid" is not known to the server's DNS/);
  });

  test('because it never answers', async () => {
    await using stub = await startStub(() => {});
    const { client } = clientFor(stub, { retries: 0, attemptTimeout: 50 });
    expect(await failure(client.ping())).toMatchObject({ fault: 'Unreachable', reason: 'timeout' });
  });

  test('because its answer drips', async () => {
    await using stub = await startStub((_, response) => {
      const drip = setInterval(() => response.write(' '), 5);
      response.on('close', () => clearInterval(drip));
    });
    const { client } = clientFor(stub, { retries: 0, attemptTimeout: 100 });
    expect(await failure(client.ping())).toMatchObject({ fault: 'Unreachable', reason: 'timeout' });
  });

  test('because the port is one that fetch never uses', async () => {
    const { client } = clientFor({ origin: 'http://127.0.0.1:6667' });
    expect(await failure(client.ping())).toBeInstanceOf(InvalidFeed);
  });
});

describe('a call', () => {
  test('ends with the reason of the caller, in a request as in a wait between attempts', async () => {
    await using silent = await startStub(() => {});
    const reason = new Error('the user cancelled');
    const request = new AbortController();
    const running = failure(clientFor(silent).client.ping(request.signal));
    await expect.poll(() => silent.sent.length).toBe(1);
    request.abort(reason);
    expect(await running).toBe(reason);

    await using failing = await startStub(status(503));
    const waiting = new AbortController();
    const { client } = clientFor(failing, {
      clock: {
        now: () => 0,
        sleep: async (_, signal) => {
          waiting.abort(reason);
          signal.throwIfAborted();
        },
      },
    });
    expect(await failure(client.ping(waiting.signal))).toBe(reason);
    expect(failing.sent).toHaveLength(1);
  });

  test('that was cancelled before it began sends nothing', async () => {
    await using stub = await startStub(content);
    const reason = new Error('too late');
    expect(await failure(clientFor(stub).client.ping(AbortSignal.abort(reason)))).toBe(reason);
    expect(stub.sent).toEqual([]);
  });

  test('does not outlast its own time, however often the registry must be asked', async () => {
    await using stub = await startStub(() => {});
    const { client } = clientFor(stub, { attemptTimeout: 10_000, callTimeout: 50 });
    expect(await failure(client.ping())).toMatchObject({ fault: 'Unreachable', reason: 'timeout' });
    expect(stub.sent).toHaveLength(1);
  });
});

describe('an answer that cannot be right', () => {
  test('a web page: not a registry', async () => {
    await using stub = await startStub((_, response) => {
      response.writeHead(200, { 'content-type': 'text/html' }).end('<html>Welcome</html>');
    });
    const error = await failure(clientFor(stub).client.ping());
    expect(error).toBeInstanceOf(NotARegistry);
    expect(error.message).toMatch(/text\/html/);
  });

  test('only version 1 of the API', async () => {
    await using stub = await startStub(({ path }, response) => {
      if (path === '/v1/_ping') return reply(response, 200, true, { 'x-docker-registry-version': '0.9' });
      reply(response, 404, {});
    });
    expect((await failure(clientFor(stub).client.ping())).message).toMatch(/only version 1/);
  });

  test('a body without end is not read to the end', async () => {
    await using stub = await startStub((_, response) => {
      response.writeHead(200);
      const flood = () => {
        while (!response.destroyed && response.write(Buffer.alloc(1 << 16, 0x20))) {}
      };
      response.on('drain', flood);
      flood();
    });
    expect((await failure(clientFor(stub).client.ping())).message).toMatch(/longer than 1048576 bytes/);
  });

  test('redirects in a circle', async () => {
    await using stub = await startStub(({ path }, response) => {
      response.writeHead(302, { location: path }).end();
    });
    expect((await failure(clientFor(stub).client.ping())).message).toMatch(/redirects in a row/);
    expect(stub.sent).toHaveLength(6);
  });

  test.each(['file:///etc/passwd', 'data:text/plain,x'])('a redirect to %s', async (location) => {
    await using stub = await startStub((_, response) => {
      response.writeHead(302, { location }).end();
    });
    expect(await failure(clientFor(stub).client.ping())).toBeInstanceOf(UnsafeRedirect);
  });

  test('other content than the digest names', async () => {
    const forged = makeImage({ os: 'linux', architecture: 'amd64' }, 'other layer');
    await using stub = await startStub((sent, response, request) => {
      if (sent.method === 'GET' && sent.path.includes('/manifests/')) {
        response.writeHead(200, { 'content-type': image.manifest.mediaType });
        return response.end(forged.manifest.body);
      }
      content(sent, response, request);
    });
    const error = await failure(clientFor(stub).client.resolve('team/app', '1'));
    expect(error).toBeInstanceOf(DigestMismatch);
    expect(error.message).toContain(image.manifest.digest);
    expect(error.message).toContain(forged.manifest.digest);
  });

  test('a configuration that is not the one of the manifest', async () => {
    await using stub = await startStub((sent, response, request) => {
      if (sent.path.includes('/blobs/')) return reply(response, 200, { os: 'linux', architecture: 'arm64' });
      content(sent, response, request);
    });
    expect(await failure(clientFor(stub).client.resolve('team/app', '1'))).toBeInstanceOf(DigestMismatch);
  });

  test('what the registry says is quoted short, in one line and without control characters', async () => {
    await using stub = await startStub((_, response) =>
      refuse(response, 403, 'DENIED', `no\u001b[31m\nred "${'x'.repeat(5_000)}`),
    );
    const { message } = await failure(clientFor(stub).client.tags('team/app'));
    expect(message).toMatch(/says: "no \[31m red 'x+"\.$/);
    expect(message.length).toBeLessThan(600);
  });
});
