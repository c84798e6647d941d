import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TlsFailure } from '../../src/feeds/registry/index.ts';
import { makeCertificate } from './certificates.ts';
import { serve } from './images.ts';
import { clientFor, failure, startStub, type TlsFiles } from './stub.ts';

const past = (days: number) => new Date(Date.now() - days * 86_400_000);
const authority = makeCertificate({ commonName: 'Test authority', isAuthority: true });
const unknownAuthority = makeCertificate({ commonName: 'Unknown authority', isAuthority: true });
const original = getCACertificates('default');

beforeAll(() => setDefaultCACertificates([...original, authority.cert]));
afterAll(() => setDefaultCACertificates(original));

/** Pings a registry at `localhost` with this certificate. */
async function pingWith(files: TlsFiles): Promise<Error | null> {
  await using stub = await startStub(serve({}), files);
  const { client } = clientFor({ origin: `https://localhost:${stub.port}` });
  try {
    await client.ping();
    return null;
  } catch (error) {
    expect(stub.sent, 'nothing is sent to a registry that cannot be trusted').toEqual([]);
    return error as Error;
  }
}

describe('the certificate of a registry', () => {
  const commonName = 'localhost';
  const hosts = ['localhost'];

  test('from an authority that we know is accepted', async () => {
    expect(await pingWith(makeCertificate({ commonName, hosts, issuer: authority }))).toBeNull();
  });

  test.each([
    ['self-signed', makeCertificate({ commonName, hosts }), /NODE_EXTRA_CA_CERTS/],
    [
      'unknown-issuer',
      makeCertificate({ commonName, hosts, issuer: unknownAuthority }),
      /authority that this server does not know/,
    ],
    [
      'expired',
      makeCertificate({ commonName, hosts, issuer: authority, notBefore: past(9), notAfter: past(2) }),
      /has expired/,
    ],
    [
      'not-yet-valid',
      makeCertificate({ commonName, hosts, issuer: authority, notBefore: past(-2), notAfter: past(-9) }),
      /not valid yet/,
    ],
    [
      'wrong-host',
      makeCertificate({ commonName, hosts: ['other.example'], issuer: authority }),
      /another name than "localhost:\d+".*other\.example/,
    ],
  ])('is %s', async (problem, files, why) => {
    const error = await pingWith(files);
    expect(error).toBeInstanceOf(TlsFailure);
    expect(error).toMatchObject({ fault: 'Tls', problem, transient: false });
    expect(error?.message).toMatch(why);
  });
});

describe('a port that speaks the other protocol', () => {
  test('https to plain HTTP', async () => {
    await using stub = await startStub(serve({}));
    const error = await failure(clientFor({ origin: stub.origin.replace('http:', 'https:') }).client.ping());
    expect(error).toMatchObject({ fault: 'Tls', problem: 'tls-on-plain-http-port' });
    expect(error.message).toMatch(/says "https:\/\/" and the port does not speak TLS/);
  });

  test.each([
    ['a TLS alert, as OpenSSL servers send it', Buffer.from([0x15, 0x03, 0x01, 0x00, 0x02, 0x02, 0x0a])],
    [
      'a 400 that says so, as Go and nginx send it',
      Buffer.from('HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n'),
    ],
  ])('plain HTTP to TLS that answers with %s', async (_, answer) => {
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => socket.end(answer));
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    const error = await failure(
      clientFor({ origin: `http://127.0.0.1:${port}` }, { retries: 0 }).client.ping(),
    );
    await new Promise((resolve) => server.close(resolve));
    expect(error).toMatchObject({ fault: 'Tls', problem: 'plain-http-on-tls-port' });
    expect(error.message).toMatch(/Write "https:/);
  });

  test('plain HTTP to TLS that only closes: the message points to https', async () => {
    const certificate = makeCertificate({ commonName: 'localhost', hosts: ['localhost'], issuer: authority });
    await using stub = await startStub(serve({}), certificate);
    const error = await failure(
      clientFor({ origin: `http://127.0.0.1:${stub.port}` }, { retries: 0 }).client.ping(),
    );
    expect(error.message).toMatch(/"https:\/\/"/);
  });
});

test('a redirect from https down to http is not followed', async () => {
  await using plain = await startStub(serve({}));
  const certificate = makeCertificate({ commonName: 'localhost', hosts: ['localhost'], issuer: authority });
  await using stub = await startStub((_, response) => {
    response.writeHead(301, { location: `${plain.origin}/v2/` }).end();
  }, certificate);
  const error = await failure(clientFor({ origin: `https://localhost:${stub.port}` }).client.ping());
  expect(error).toMatchObject({ fault: 'UnsafeRedirect' });
  expect(plain.sent).toEqual([]);
});
