import { inspect } from 'node:util';
import { Secret } from '@argonaut/contracts';
import { describe, expect, test } from 'vitest';
import { Forbidden, Unauthorized, UnsafeRedirect } from '../../src/feeds/registry/index.ts';
import { makeImage, serve } from './images.ts';
import { clientFor, failure, type Handler, refuse, reply, type Stub, startStub } from './stub.ts';

const user = { username: 'deployer', secret: 'pass:wörd "quoted"' };
const basic = `Basic ${Buffer.from(`${user.username}:${user.secret}`).toString('base64')}`;
const image = makeImage({ os: 'linux', architecture: 'amd64' });
const content = serve({ 'team/app': { tags: { '1': image.manifest }, blobs: [image.config] } });

/** A registry that wants a token from its own `/token`. The service's answer decides. */
function bearerRegistry(service: Handler, stub: () => Stub): Handler {
  return (sent, response, request) => {
    if (sent.path.startsWith('/token')) return service(sent, response, request);
    if (sent.headers.authorization?.startsWith('Bearer good')) return content(sent, response, request);
    refuse(response, 401, 'UNAUTHORIZED', 'authentication required', {
      'www-authenticate': `Bearer realm="${stub().origin}/token",service="the registry",scope="repository:team/app:pull,push,delete",error="invalid_token"`,
    });
  };
}

async function startBearer(service: Handler): Promise<Stub> {
  const stub: Stub = await startStub(bearerRegistry(service, () => stub));
  return stub;
}

const tokens = (stub: Stub) => stub.sent.filter(({ path }) => path.startsWith('/token'));

describe('a registry with basic authentication', () => {
  const guarded: Handler = (sent, response, request) => {
    if (sent.headers.authorization === basic) return content(sent, response, request);
    refuse(response, 401, 'UNAUTHORIZED', 'authentication required', {
      'www-authenticate': 'Basic realm="x"',
    });
  };

  test('gets the credentials once it has asked, and then with every request', async () => {
    await using stub = await startStub(guarded);
    const { client } = clientFor(stub, user);
    expect(await client.ping()).toEqual({ authentication: 'basic', user: 'deployer' });
    await client.tags('team/app');
    expect(stub.sent.map(({ headers }) => headers.authorization)).toEqual([undefined, basic, basic]);
  });

  test('without credentials in the feed: they are wanted', async () => {
    await using stub = await startStub(guarded);
    const error = await failure(clientFor(stub).client.ping());
    expect(error).toBeInstanceOf(Unauthorized);
    expect(error).toMatchObject({ fault: 'Unauthorized', reason: 'required' });
    expect(error.message).toMatch(/"Our registry".*Give the feed a user name and a password/);
  });

  test('that rejects them is not asked again with the same ones, until a while has passed', async () => {
    await using stub = await startStub(guarded);
    const { client, clock } = clientFor(stub, { ...user, secret: 'wrong' });
    expect(await failure(client.resolve('team/app', '1'))).toMatchObject({ reason: 'rejected' });
    const before = stub.sent.length;
    expect(before).toBe(2);
    expect(await failure(client.ping())).toMatchObject({ reason: 'rejected' });
    expect(stub.sent.length).toBe(before);
    clock.time += 60_000;
    expect(await failure(client.ping())).toMatchObject({ reason: 'rejected' });
    expect(stub.sent.length).toBeGreaterThan(before);
  });
});

describe('changed credentials', () => {
  test('are tried at once, although others were refused a moment ago', async () => {
    await using stub = await startStub((sent, response, request) =>
      sent.headers.authorization === basic
        ? content(sent, response, request)
        : refuse(response, 401, 'UNAUTHORIZED', '', { 'www-authenticate': 'Basic realm="x"' }),
    );
    let secret = 'wrong';
    const { client } = clientFor(stub, { ...user, password: () => new Secret(secret) });
    expect(await failure(client.ping())).toMatchObject({ reason: 'rejected' });
    secret = user.secret;
    expect(await client.ping()).toEqual({ authentication: 'basic', user: 'deployer' });
  });
});

describe('a registry with tokens', () => {
  test('names its service; the token is for the scope that we need, not for the one that it names', async () => {
    await using stub = await startBearer((_, response) =>
      reply(response, 200, { token: 'good', expires_in: 300 }),
    );
    const { client } = clientFor(stub, user);
    expect((await client.tags('team/app')).tags).toEqual(['1']);
    const [asked] = tokens(stub);
    const query = new URL(asked?.path ?? '', stub.origin).searchParams;
    expect(Object.fromEntries(query)).toEqual({
      service: 'the registry',
      scope: 'repository:team/app:pull',
      account: 'deployer',
    });
    expect(asked?.headers.authorization).toBe(basic);
  });

  test('itself never gets the password', async () => {
    await using stub = await startBearer((_, response) => reply(response, 200, { access_token: 'good' }));
    const { client } = clientFor(stub, user);
    await client.ping();
    await client.resolve('team/app', '1');
    const toRegistry = stub.sent.filter(({ path }) => path.startsWith('/v2/'));
    expect(toRegistry.map(({ headers }) => headers.authorization)).not.toContain(basic);
  });

  test('gives anonymous tokens to a feed without credentials', async () => {
    await using stub = await startBearer((_, response) => reply(response, 200, { token: 'good' }));
    await clientFor(stub).client.tags('team/app');
    expect(tokens(stub)[0]?.headers.authorization).toBeUndefined();
    expect(tokens(stub)[0]?.path).not.toContain('account');
  });

  test('is asked for one token per scope until that expires, and for a new one after a long wait', async () => {
    let given = 0;
    await using stub = await startBearer((_, response) =>
      reply(response, 200, { token: `good-${++given}`, expires_in: 300 }),
    );
    const { client, clock } = clientFor(stub, user);
    await client.tags('team/app');
    await client.tags('team/app');
    expect(tokens(stub)).toHaveLength(1);
    clock.time += 301_000;
    await client.tags('team/app');
    expect(tokens(stub)).toHaveLength(2);
    expect(stub.sent.at(-1)?.headers.authorization).toBe('Bearer good-2');
  });

  test('that takes a known token back early gets a fresh one, once', async () => {
    let given = 0;
    let valid = 'good-1';
    await using stub: Stub = await startStub((sent, response, request) => {
      if (sent.path.startsWith('/token'))
        return reply(response, 200, { token: `good-${++given}`, expires_in: 300 });
      if (sent.headers.authorization === `Bearer ${valid}`) return content(sent, response, request);
      refuse(response, 401, 'UNAUTHORIZED', 'no', {
        'www-authenticate': `Bearer realm="${stub.origin}/token"`,
      });
    });
    const { client } = clientFor(stub, user);
    await client.tags('team/app');
    valid = 'good-2';
    await client.tags('team/app');
    expect(given).toBe(2);
    valid = 'never';
    expect(await failure(client.tags('team/app'))).toMatchObject({ reason: 'insufficient' });
    expect(given).toBe(3);
  });

  test('is asked once by calls that run at the same time', async () => {
    await using stub = await startBearer((_, response) => reply(response, 200, { token: 'good' }));
    const { client } = clientFor(stub, user);
    await Promise.all([client.tags('team/app'), client.tags('team/app'), client.tags('team/app')]);
    expect(tokens(stub)).toHaveLength(1);
  });

  test('whose service rejects the password: said so, and not asked again', async () => {
    await using stub = await startBearer((_, response) =>
      reply(response, 401, { details: 'incorrect username or password' }),
    );
    const { client } = clientFor(stub, user);
    const error = await failure(client.resolve('team/app', '1'));
    expect(error).toMatchObject({ fault: 'Unauthorized', reason: 'rejected' });
    expect(error.message).toMatch(/says: "incorrect username or password"/);
    expect(await failure(client.tags('other/app'))).toMatchObject({ reason: 'rejected' });
    expect(tokens(stub)).toHaveLength(1);
  });

  test('whose service knows the user but refuses the image', async () => {
    await using stub = await startBearer((_, response) =>
      refuse(response, 403, 'DENIED', 'access forbidden'),
    );
    expect(await failure(clientFor(stub, user).client.tags('team/app'))).toBeInstanceOf(Forbidden);
  });

  test('that gives a token without rights: it does not exist, or may not be seen', async () => {
    await using stub = await startBearer((_, response) => reply(response, 200, { token: 'powerless' }));
    const error = await failure(clientFor(stub).client.resolve('team/app', '1'));
    expect(error).toMatchObject({ fault: 'Unauthorized', reason: 'insufficient' });
    expect(error.message).toMatch(/"team\/app:1".*does not exist, or the feed's user may not see it/);
    expect(tokens(stub)).toHaveLength(1);
  });

  test.each([
    ['nothing', {}],
    ['a token that would break the header', { token: 'a\r\nb: c' }],
  ])('whose service gives %s', async (_, body) => {
    await using stub = await startBearer((__, response) => reply(response, 200, body));
    expect(await failure(clientFor(stub).client.ping())).toMatchObject({ fault: 'InvalidAnswer' });
  });

  test('whose service fails for a moment is asked again', async () => {
    let asked = 0;
    await using stub = await startBearer((_, response) =>
      ++asked === 1 ? reply(response, 503, {}) : reply(response, 200, { token: 'good' }),
    );
    await clientFor(stub).client.ping();
    expect(asked).toBe(2);
  });

  test('that asks for an unknown kind of sign-in', async () => {
    await using stub = await startStub((_, response) => {
      refuse(response, 401, 'UNAUTHORIZED', '', { 'www-authenticate': 'Negotiate' });
    });
    expect(await failure(clientFor(stub, user).client.ping())).toMatchObject({ reason: 'scheme' });
  });
});

describe('credentials', () => {
  test('do not follow a redirect to another host, and are not given to it when it asks', async () => {
    await using other = await startStub((_, response) => {
      refuse(response, 401, 'UNAUTHORIZED', '', { 'www-authenticate': 'Basic realm="give me"' });
    });
    await using stub = await startStub(({ headers, path }, response) => {
      if (headers.authorization === undefined) {
        return refuse(response, 401, 'UNAUTHORIZED', '', { 'www-authenticate': 'Basic realm="x"' });
      }
      response.writeHead(307, { location: other.origin + path }).end();
    });
    const error = await failure(clientFor(stub, user).client.tags('team/app'));
    expect(error).toBeInstanceOf(UnsafeRedirect);
    expect(error.message).toContain(`write "${other.origin}" in the feed's address`);
    expect(other.sent.map(({ headers }) => headers.authorization)).toEqual([undefined]);
  });

  test('stay behind when content is kept in storage elsewhere, and the content is read all the same', async () => {
    await using storage = await startStub((_, response) => response.writeHead(200).end(image.config.body));
    await using stub = await startStub((sent, response, request) => {
      if (sent.headers.authorization === undefined) {
        return refuse(response, 401, 'UNAUTHORIZED', '', { 'www-authenticate': 'Basic realm="x"' });
      }
      if (!sent.path.includes('/blobs/')) return content(sent, response, request);
      response.writeHead(307, { location: `${storage.origin}/signed?x=y` }).end();
    });
    const resolved = await clientFor(stub, user).client.resolve('team/app', '1');
    expect(resolved.platforms).toMatchObject([{ os: 'linux', architecture: 'amd64' }]);
    expect(storage.sent).toMatchObject([{ path: '/signed?x=y' }]);
    expect(storage.sent[0]?.headers.authorization).toBeUndefined();
  });

  test('are not sent after a token service that leads elsewhere', async () => {
    await using other = await startStub((_, response) => reply(response, 200, { token: 'good' }));
    await using stub = await startBearer((_, response) => {
      response.writeHead(302, { location: `${other.origin}/token` }).end();
    });
    expect(await failure(clientFor(stub, user).client.ping())).toBeInstanceOf(UnsafeRedirect);
    expect(other.sent).toEqual([]);
  });

  test('of an https feed are not sent to a plain http token service', async () => {
    await using service = await startStub((_, response) => reply(response, 200, { token: 'good' }));
    const fetch: typeof globalThis.fetch = async (input, init) =>
      String(input).startsWith('https://registry.test/')
        ? new Response('', {
            status: 401,
            headers: { 'www-authenticate': `Bearer realm="${service.origin}/token"` },
          })
        : await globalThis.fetch(input, init);
    const { client } = clientFor({ origin: 'https://registry.test' }, { ...user, fetch });
    const error = await failure(client.ping());
    expect(error).toBeInstanceOf(UnsafeRedirect);
    expect(error.message).toMatch(/without encryption/);
    expect(service.sent).toEqual([]);
  });

  test('do not show in a client, in its errors, or in what a registry throws back at us', async () => {
    await using stub = await startBearer(({ headers }, response) =>
      reply(response, 401, { details: `${user.secret} and ${headers.authorization} are wrong` }),
    );
    const { client } = clientFor(stub, user);
    const error = await failure(client.ping());
    const shown = `${inspect(error, { depth: 9 })} ${JSON.stringify(error)} ${inspect(client, { depth: 9 })}`;
    expect(error.message).toContain('********');
    expect(shown).not.toContain('wörd');
    expect(shown).not.toContain(basic.slice(6));
  });
});
