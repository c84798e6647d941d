/** A real server on a real port: start, stop, TLS, proxies, and the TypeScript client of Octopus against it. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { get as httpsGet } from 'node:https';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { connect as connectTls } from 'node:tls';
import type { Secret } from '@argonaut/contracts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readConfig, startServer } from '../src/index.ts';

describe('a server process', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'argonaut-main-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));
  const config = (environment: Record<string, string> = {}) =>
    readConfig({
      ARGONAUT_DATA: directory,
      ARGONAUT_PORT: '0',
      ARGONAUT_LOG_LEVEL: 'silent',
      ...environment,
    });

  it('shows a generated key at the first start only, and keeps what it was told', async () => {
    const shown: string[] = [];
    const show = (generated: Secret) => shown.push(generated.reveal());
    const first = await startServer(config(), show);
    const [key = ''] = shown;
    expect(key).toMatch(/^API-[A-Z0-9]+$/);
    const headers = { 'X-Octopus-ApiKey': key, 'Content-Type': 'application/json' };
    const url = `${first.address}/api/Spaces-1/environments`;
    await fetch(url, { method: 'POST', headers, body: '{"Name":"Test"}' });
    await first.stop();
    const second = await startServer(config(), show);
    expect(shown).toHaveLength(1);
    const list = await fetch(`${second.address}/api/Spaces-1/environments/all`, { headers });
    expect(await list.json()).toMatchObject([{ Name: 'Test' }]);
    await second.stop();
  });

  it('shows the key of a first start that found its port taken at the next one, which opens the server', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const shown: string[] = [];
    const show = (generated: Secret) => shown.push(generated.reveal());
    await expect(startServer(config({ ARGONAUT_PORT: String(port) }), show)).rejects.toThrow(
      `ARGONAUT_PORT: port ${port} of 127.0.0.1 is in use. Stop the program that has it`,
    );
    other.close();
    const server = await startServer(config(), show);
    const headers = { 'X-Octopus-ApiKey': shown.at(-1) ?? '' };
    expect((await fetch(`${server.address}/api/users/me`, { headers })).status).toBe(200);
    expect(shown).toHaveLength(1);
    await server.stop();
  });

  it.each([
    ['ARGONAUT_HOST', () => ({ ARGONAUT_HOST: '203.0.113.7' }), 'no address of this machine'],
    ['ARGONAUT_DATA, a file', () => ({ ARGONAUT_DATA: import.meta.filename }), 'ARGONAUT_DATA: '],
    ['ARGONAUT_DATA in no file system', () => ({ ARGONAUT_DATA: '/proc/nope' }), 'ARGONAUT_DATA: /proc/nope'],
    [
      'ARGONAUT_DATABASE_URL',
      () => ({ ARGONAUT_DATABASE_URL: 'postgres://u:hunter2@127.0.0.1:1/d' }),
      'no PostgreSQL answers at 127.0.0.1:1. Start it',
    ],
    [
      'ARGONAUT_TLS_…',
      () => ({ ARGONAUT_TLS_CERTIFICATE: '/nope.pem', ARGONAUT_TLS_KEY: '/nope.key' }),
      'ARGONAUT_TLS_CERTIFICATE (/nope.pem)',
    ],
  ])('says which setting keeps it from starting: %s', async (_, settings, words) => {
    const failed = await startServer(config(settings())).catch((error: unknown) => error);
    expect(String(failed)).toContain(words);
    expect(String(failed)).not.toContain('hunter2');
  });

  it('refuses a data directory that is in use, and one whose key is gone', async () => {
    const first = await startServer(config());
    await expect(startServer(config())).rejects.toThrow('Another server already uses');
    await first.stop();
    rmSync(join(directory, 'master.key'));
    await expect(startServer(config())).rejects.toThrow('The master key does not open this database');
  });

  it('lets a running request finish when it is stopped, and takes no new one', async () => {
    const server = await startServer(config({ ARGONAUT_ADMIN_API_KEY: 'API-ABCDEFGHIJKLMNOP' }));
    const body = '{"Name":"Half sent"}';
    const running = request(`${server.address}/api/Spaces-1/environments`, {
      method: 'POST',
      headers: {
        'X-Octopus-ApiKey': 'API-ABCDEFGHIJKLMNOP',
        'Content-Type': 'application/json',
        'Content-Length': body.length,
        // The server says when it has read the headers, so the request is surely under way.
        Expect: '100-continue',
      },
    });
    const answered = once(running, 'response');
    await once(running, 'continue');
    const stopped = server.stop();
    await expect(fetch(`${server.address}/livez`)).rejects.toThrow();
    running.end(body);
    const [response] = await answered;
    expect(response.statusCode).toBe(201);
    response.resume();
    await stopped;
  });

  it('answers what is not HTTP in the shape of all errors', async () => {
    const server = await startServer(config());
    const { port } = new URL(server.address);
    const socket = connect(Number(port), '127.0.0.1');
    socket.end('GET / NOT-HTTP\r\n\r\n');
    const [head = '', body = ''] = (await text(socket)).split('\r\n\r\n');
    expect(head).toMatch(/^HTTP\/1\.1 400/);
    expect(JSON.parse(body).ErrorMessage).toContain('not a request that can be read');
    await server.stop();
  });

  /** What comes back on a connection until its end, when these texts are sent one after the other. */
  async function exchange(address: string, ...texts: string[]): Promise<{ status: number; message: string }> {
    const { protocol, port } = new URL(address);
    const here = { host: '127.0.0.1', port: Number(port) };
    const socket = protocol === 'https:' ? connectTls({ ...here, rejectUnauthorized: false }) : connect(here);
    const answered = text(socket);
    for (const part of texts) socket.write(part);
    const [head = '', body = ''] = (await answered).split('\r\n\r\n');
    return { status: Number(head.split(' ')[1]), message: JSON.parse(body).ErrorMessage };
  }
  const KEY = 'API-ABCDEFGHIJKLMNOP';
  const POST = `POST /api/environments HTTP/1.1\r\nX-Octopus-ApiKey: ${KEY}\r\nContent-Type: application/json\r\nConnection: close\r\n`;

  it('tells in JSON who sends no Host', async () => {
    const server = await startServer(config());
    expect(await exchange(server.address, 'GET /livez HTTP/1.1\r\nConnection: close\r\n\r\n')).toEqual({
      status: 400,
      message: expect.stringMatching(/no header Host/),
    });
    await server.stop();
  });

  it('refuses a body that is too large before it has come, and makes nothing of half a body', async () => {
    const server = await startServer(config({ ARGONAUT_ADMIN_API_KEY: KEY, ARGONAUT_BODY_LIMIT: '2000' }));
    const announced = await exchange(
      server.address,
      `${POST}Host: here\r\nContent-Length: 3000\r\n\r\n{"Name":`,
    );
    expect(announced).toEqual({ status: 413, message: expect.stringMatching(/limit of 2000 bytes/) });
    const chunk = `400\r\n${'x'.repeat(1024)}\r\n`;
    const streamed = await exchange(
      server.address,
      `${POST}Host: here\r\nTransfer-Encoding: chunked\r\n\r\n`,
      chunk,
      chunk,
    );
    expect(streamed).toEqual({ status: 413, message: expect.stringMatching(/limit of 2000 bytes/) });

    const half = connect(Number(new URL(server.address).port), '127.0.0.1');
    half.write(`${POST}Host: here\r\nContent-Length: 100\r\n\r\n{"Name":"Half"`);
    half.end();
    await text(half);
    const list = await fetch(`${server.address}/api/environments/all`, {
      headers: { 'X-Octopus-ApiKey': KEY },
    });
    expect(await list.json()).toEqual([]);
    await server.stop();
  });

  it.each([
    ['127.0.0.0/8', '203.0.113.7'],
    ['192.0.2.1', '127.0.0.1'],
    ['', '127.0.0.1'],
  ])(
    'believes X-Forwarded-For only from a trusted proxy: with "%s" a request is from %s',
    async (proxies, from) => {
      const server = await startServer(
        config({ ARGONAUT_ADMIN_API_KEY: KEY, ARGONAUT_TRUSTED_PROXIES: proxies }),
      );
      const headers = { 'X-Octopus-ApiKey': KEY, 'X-Forwarded-For': '203.0.113.7' };
      await fetch(`${server.address}/api/environments`, {
        method: 'POST',
        headers: { ...headers, 'Content-Type': 'application/json' },
        body: '{"Name":"Test"}',
      });
      const events = await fetch(`${server.address}/api/events?regarding=Environments-1`, { headers });
      const { Items } = (await events.json()) as { Items: { IpAddress: string }[] };
      expect(Items.map(({ IpAddress }) => IpAddress)).toEqual([from]);
      await server.stop();
    },
  );

  it('speaks TLS when it has a certificate', async () => {
    const [cert, key] = [join(directory, 'cert.pem'), join(directory, 'key.pem')];
    const request = [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-days',
      '2',
    ];
    execFileSync('openssl', [...request, '-subj', '/CN=localhost', '-keyout', key, '-out', cert], {
      stdio: 'ignore',
    });
    const server = await startServer(config({ ARGONAUT_TLS_CERTIFICATE: cert, ARGONAUT_TLS_KEY: key }));
    expect(server.address).toMatch(/^https:/);
    const headers = await new Promise<NodeJS.Dict<string | string[]>>((resolve, reject) => {
      httpsGet(`${server.address}/livez`, { rejectUnauthorized: false }, (response) => {
        response.resume().on('end', () => resolve(response.headers));
      }).on('error', reject);
    });
    expect(headers['strict-transport-security']).toBe('max-age=31536000');
    expect(await exchange(server.address, 'GET /livez HTTP/1.1\r\nConnection: close\r\n\r\n')).toEqual({
      status: 400,
      message: expect.stringMatching(/no header Host/),
    });
    await server.stop();
  });
});

describe('settings', () => {
  it('complain about everything at once', () => {
    const read = () =>
      readConfig({
        ARGONAUT_PORT: 'http',
        ARGONAUT_ADMIN_API_KEY: 'api-lower',
        ARGONAUT_TLS_KEY: '/key.pem',
        ARGONAUT_DATABASE_URL: 'mysql://x',
        ARGONAUT_LOG_LEVEL: 'loud',
        ARGONAUT_TRUSTED_PROXIES: '10.0.0.0/8, garbage, 10.0.0.0/33',
      });
    for (const name of [
      'ARGONAUT_PORT',
      'ARGONAUT_ADMIN_API_KEY',
      'ARGONAUT_TLS',
      'ARGONAUT_DATABASE_URL',
      'ARGONAUT_LOG_LEVEL',
      'ARGONAUT_TRUSTED_PROXIES: "garbage"',
      'ARGONAUT_TRUSTED_PROXIES: "10.0.0.0/33"',
    ]) {
      expect(read).toThrow(name);
    }
  });

  it('default to a server for this machine only', () => {
    expect(readConfig({})).toMatchObject({
      host: '127.0.0.1',
      port: 8080,
      trustedProxies: [],
      logLevel: 'info',
    });
  });

  it('do not show their secrets when they are printed', () => {
    const config = readConfig({
      ARGONAUT_DATABASE_URL: 'postgres://u:hunter2@h/d',
      ARGONAUT_ADMIN_PASSWORD: 'hunter2',
    });
    expect(JSON.stringify(config)).not.toContain('hunter2');
  });
});
