/**
 * Bearer tokens against a real registry: Debian's `docker-registry`, which checks signature, audience and scope
 * of every token; the token service beside it is ours and gives exactly the scope that it is asked for.
 */

import { sign, X509Certificate } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Secret } from '@argonaut/contracts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { requirePackages } from '../../../../test/services/packages.ts';
import { freePort, Program } from '../../../../test/services/process.ts';
import { createRegistryClient, type RegistryClient, testFeed } from '../../src/feeds/registry/index.ts';
import { makeCertificate } from './certificates.ts';
import { failure, reply, type Stub, startStub } from './stub.ts';

const service = 'argonaut test registry';
const issuer = 'argonaut test tokens';
const password = 'correct horse';
const signer = makeCertificate({ commonName: issuer, isAuthority: true });

describe('a registry with a token service', () => {
  let directory: string;
  let program: Program;
  let tokens: Stub;
  let host: string;

  beforeAll(async () => {
    await requirePackages('docker-registry');
    directory = await mkdtemp(join(tmpdir(), 'argonaut-token-registry-'));
    host = `127.0.0.1:${await freePort()}`;
    tokens = await startStub(({ path, headers }, response) => {
      const expected = `Basic ${Buffer.from(`deployer:${password}`).toString('base64')}`;
      if (headers.authorization !== expected) return reply(response, 401, { details: 'wrong password' });
      const scope = new URL(path, 'http://tokens').searchParams.get('scope');
      reply(response, 200, { token: makeToken(scope), expires_in: 300 });
    });
    const bundle = join(directory, 'roots.pem');
    await writeFile(bundle, signer.cert);
    const configuration = join(directory, 'config.json');
    const storage = { filesystem: { rootdirectory: join(directory, 'data') } };
    const auth = { token: { realm: `${tokens.origin}/token`, service, issuer, rootcertbundle: bundle } };
    // The registry reads YAML, which contains JSON.
    await writeFile(configuration, JSON.stringify({ version: '0.1', storage, http: { addr: host }, auth }));
    program = await Program.start({
      command: 'docker-registry',
      args: ['serve', configuration],
      logFile: join(directory, 'log'),
      ready: () =>
        fetch(`http://${host}/v2/`, { signal: AbortSignal.timeout(2_000) }).then(
          ({ status }) => status === 401,
          () => false,
        ),
    });
  }, 300_000);

  afterAll(async () => {
    await program.stop();
    await tokens[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  });

  const clientWith = (text: string): RegistryClient =>
    createRegistryClient({
      feedUri: `http://${host}`,
      username: 'deployer',
      password: () => new Secret(text),
      retries: 0,
    });

  test('lets us in, lists its catalogue, and looks for an image, each with the scope that this needs', async () => {
    const client = clientWith(password);
    expect(await client.ping()).toEqual({ authentication: 'bearer', user: 'deployer' });
    expect(await client.catalogue()).toEqual({ names: [], complete: true });
    expect(await failure(client.resolve('team/app', '1'))).toMatchObject({ fault: 'RepositoryNotFound' });
    const scopes = tokens.sent.map(({ path }) => new URL(path, tokens.origin).searchParams.get('scope'));
    expect(scopes).toEqual([null, 'registry:catalog:*', 'repository:team/app:pull']);
    expect(new URL(tokens.sent[0]?.path ?? '', tokens.origin).searchParams.get('service')).toBe(service);
  });

  test('does not let a wrong password in', async () => {
    expect(await testFeed(clientWith('wrong'))).toMatchObject({
      passed: false,
      failure: { fault: 'Unauthorized' },
    });
  });
});

/** A token as the registry's specification wants it (distribution.github.io/distribution/spec/auth/jwt). */
function makeToken(scope: string | null): string {
  const now = Math.floor(Date.now() / 1000);
  const [, type, name, actions] = /^(\w+):(.+):([^:]+)$/.exec(scope ?? '') ?? [];
  const access = scope === null ? [] : [{ type, name, actions: actions?.split(',') }];
  const certificate = new X509Certificate(signer.cert).raw.toString('base64');
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const unsigned = [
    encode({ typ: 'JWT', alg: 'ES256', x5c: [certificate] }),
    encode({
      iss: issuer,
      sub: 'deployer',
      aud: service,
      exp: now + 300,
      nbf: now - 10,
      iat: now,
      jti: '1',
      access,
    }),
  ].join('.');
  const key = { key: signer.privateKey, dsaEncoding: 'ieee-p1363' as const };
  return `${unsigned}.${sign('sha256', Buffer.from(unsigned), key).toString('base64url')}`;
}
