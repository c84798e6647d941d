/** Signing in with a password: the session's cookies, what they are good for, and when they end. */
import { describe, expect, it } from 'vitest';
import { type Reply, type TestServer, testServer } from './support.ts';

const PASSWORD = 'correct horse battery';

interface Browser {
  readonly cookies: string;
  readonly csrf: string;
  readonly lines: readonly string[];
}

function browserOf({ headers }: Reply): Browser {
  const lines = [headers['set-cookie'] ?? []].flat().map(String);
  const pairs = lines.map((line) => line.split(';')[0] ?? '');
  const csrf = pairs.find((pair) => pair.startsWith('Octopus-Csrf-Token'))?.split('=')[1] ?? '';
  return { cookies: pairs.join('; '), csrf, lines };
}

const login = (server: TestServer, body: object, headers: Record<string, string> = {}) =>
  server.inject({ method: 'POST', url: '/api/users/login', payload: body, headers });

async function withUser(overrides: Parameters<typeof testServer>[0] = {}) {
  const server = await testServer(overrides);
  const user = await server.call('POST', '/api/users', {
    Username: 'Ada',
    DisplayName: 'A',
    Password: PASSWORD,
  });
  const signIn = async (rest: object = {}) => {
    const reply = await login(server, { Username: 'ada', Password: PASSWORD, ...rest });
    expect(reply.status).toBe(200);
    return browserOf(reply);
  };
  const as = (
    { cookies }: Browser,
    method: 'GET' | 'POST' | 'PUT',
    url: string,
    headers = {},
    payload = {},
  ) =>
    server.inject({
      method,
      url,
      headers: { cookie: cookies, ...headers },
      ...(method === 'GET' ? {} : { payload }),
    });
  return { server, user: user.body, signIn, as, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

describe('a session', () => {
  it('answers with the user and two cookies: one that no page can read, one that only ours can', async () => {
    await using here = await withUser();
    const reply = await login(here.server, {
      Username: 'ADA',
      Password: PASSWORD,
      State: { UsingSecureConnection: false },
    });
    expect(reply.body).toMatchObject({ Id: here.user.Id, Username: 'Ada' });
    expect(JSON.stringify(reply.body)).not.toContain('PasswordHash');
    const [session, csrf] = browserOf(reply).lines;
    expect(session).toMatch(/^OctopusIdentificationToken_\S+=\S{40,}; HttpOnly; Path=\/; SameSite=Strict$/);
    expect(csrf).toMatch(/^Octopus-Csrf-Token_\S+=[0-9a-f]{64}; Path=\/; SameSite=Strict$/);
  });

  it('reads with the cookie; changes only with the other cookie’s value in a header', async () => {
    await using here = await withUser();
    const browser = await here.signIn();
    expect((await here.as(browser, 'GET', '/api/users/me')).body).toMatchObject({ Username: 'Ada' });
    const keys = `/api/users/${here.user.Id}/apikeys`;
    const proof = (csrf: string) => ({ 'x-octopus-csrf-token': csrf });
    for (const headers of [{}, proof('0'.repeat(64)), proof('')]) {
      const refused = await here.as(browser, 'POST', keys, headers, { Purpose: 'x' });
      expect(refused.status).toBe(403);
      expect(refused.body.ErrorMessage).toContain('X-Octopus-Csrf-Token');
    }
    const other = await here.signIn();
    expect((await here.as(browser, 'POST', keys, proof(other.csrf), { Purpose: 'x' })).status).toBe(403);
    const made = await here.as(browser, 'POST', keys, proof(browser.csrf), { Purpose: 'x' });
    expect(made.status).toBe(201);
    const { body } = await here.server.get('/api/events?eventCategories=ApiKeyCreated&take=1');
    expect(body.Items[0]).toMatchObject({
      Username: 'Ada',
      IdentityEstablishedWith: expect.stringMatching(/^Session /),
    });
  });

  it('is stored as a hash, and lasts a day, or a month for who asked for it', async () => {
    let now = new Date('2030-01-01T00:00:00.000Z');
    await using here = await withUser({ now: () => now });
    const short = await here.signIn();
    const long = await here.signIn({ RememberMe: true });
    expect(long.lines[0]).toContain('Max-Age=2592000');
    const rows = await here.server.services.database.query
      .selectFrom('documents')
      .select('document')
      .execute();
    const token = /Token_[^=]+=([^;]+)/.exec(short.cookies)?.[1] ?? 'none';
    expect(JSON.stringify(rows)).not.toContain(token);
    now = new Date('2030-01-01T13:00:00.000Z');
    const ended = await here.as(short, 'GET', '/api/users/me');
    expect(ended.status).toBe(401);
    expect(ended.body.ErrorMessage).toContain('Sign in again');
    expect((await here.as(long, 'GET', '/api/users/me')).status).toBe(200);
    now = new Date('2030-02-01T00:00:00.000Z');
    expect((await here.as(long, 'GET', '/api/users/me')).status).toBe(401);
  });

  it('ends at the sign-out, with a new password, when all are revoked, and when its user is disabled', async () => {
    await using here = await withUser();
    const status = async (browser: Browser) => (await here.as(browser, 'GET', '/api/users/me')).status;
    const one = await here.signIn();
    const two = await here.signIn();
    const out = await here.as(one, 'POST', '/api/users/logout', { 'x-octopus-csrf-token': one.csrf });
    expect(out.status).toBe(200);
    expect(browserOf(out).lines.every((line) => line.includes('Max-Age=0'))).toBe(true);
    expect([await status(one), await status(two)]).toEqual([401, 200]);
    await here.server.call('PUT', `/api/users/${here.user.Id}`, { ...here.user, Password: `${PASSWORD}2` });
    expect(await status(two)).toBe(401);
    const three = browserOf(await login(here.server, { Username: 'ada', Password: `${PASSWORD}2` }));
    expect(await status(three)).toBe(200);
    const { Links } = (await here.server.get(`/api/users/${here.user.Id}`)).body;
    const another = browserOf(await login(here.server, { Username: 'ada', Password: `${PASSWORD}2` }));
    expect((await here.server.call('POST', Links.RevokeSessions)).status).toBe(200);
    expect([await status(three), await status(another)]).toEqual([401, 401]);
    const four = browserOf(await login(here.server, { Username: 'ada', Password: `${PASSWORD}2` }));
    const foreign = await here.as(four, 'POST', '/api/users/Users-1/revoke-sessions', {
      'x-octopus-csrf-token': four.csrf,
    });
    expect(foreign.status).toBe(404);
    await here.server.call('PUT', `/api/users/${here.user.Id}`, { ...here.user, IsActive: false });
    expect(await status(four)).toBe(401);
  });
});

describe('a login', () => {
  it('that fails says the same for a wrong name and a wrong password, and is in the audit trail without what was typed', async () => {
    await using here = await withUser();
    const wrong = await login(here.server, { Username: 'ada', Password: 'wrong-password-typed' });
    const unknown = await login(here.server, { Username: 'password-in-wrong-field', Password: 'x' });
    expect([wrong.status, unknown.status]).toEqual([401, 401]);
    expect(wrong.body).toEqual(unknown.body);
    expect(wrong.headers['set-cookie']).toBeUndefined();
    await here.signIn();
    const { body } = await here.server.get('/api/events?eventGroups=Security');
    const events = body.Items.map(({ Category }: { Category: string }) => Category);
    expect(events).toEqual(['LoginSucceeded', 'LoginFailed', 'LoginFailed']);
    expect(JSON.stringify(body)).not.toMatch(/wrong-password-typed|password-in-wrong-field/);
  });

  it('is not for service accounts, nor for users without a password', async () => {
    await using here = await withUser();
    await here.server.call('POST', '/api/users', { Username: 'ci', IsService: true, Password: PASSWORD });
    await here.server.call('POST', '/api/users', { Username: 'new' });
    for (const Username of ['ci', 'new']) {
      expect((await login(here.server, { Username, Password: PASSWORD })).status).toBe(401);
    }
  });

  it('is refused for a while after many failures from one place, also with the right password', async () => {
    let now = new Date('2030-01-01T00:00:00.000Z');
    await using here = await withUser({ now: () => now });
    for (let time = 0; time < 10; time += 1) await login(here.server, { Username: 'ada', Password: 'guess' });
    const refused = await login(here.server, { Username: 'Ada', Password: PASSWORD });
    expect(refused.status).toBe(403);
    expect(refused.body.ErrorMessage).toContain('Try again in 15 minutes');
    now = new Date('2030-01-01T00:16:00.000Z');
    await here.signIn();
  });

  it('that is guessed many times at once is guessed no more often', async () => {
    await using here = await withUser();
    const guesses = Array.from({ length: 25 }, () =>
      login(here.server, { Username: 'ada', Password: 'guess' }),
    );
    const answers = (await Promise.all(guesses)).map(({ status }) => status);
    expect(answers.filter((status) => status === 401).length).toBe(10);
    expect(answers.filter((status) => status === 403).length).toBe(15);
  });

  it('is refused to an address with many failures, whatever the names: without a hash, and with one event more', async () => {
    let now = new Date('2030-01-01T00:00:00.000Z');
    await using here = await withUser({ now: () => now });
    await here.signIn();
    const invented = (from: number, count: number) =>
      Promise.all(
        Array.from({ length: count }, (_, index) =>
          login(here.server, { Username: `nobody-${from + index}`, Password: 'x' }),
        ),
      );
    const tried = await invented(0, 120);
    expect(tried.filter(({ status }) => status === 401).length).toBe(100);
    const refused = await login(here.server, { Username: 'ada', Password: PASSWORD });
    expect(refused.status).toBe(429);
    expect(refused.headers['retry-after']).toBe('900');
    expect(refused.body.ErrorMessage).toContain('Try again in 15 minutes');
    const { body } = await here.server.get('/api/events?eventCategories=LoginFailed&take=1000');
    expect(body.TotalResults).toBe(101);
    expect(
      body.Items.filter(({ Message }: { Message: string }) => /^100 logins from/.test(Message)),
    ).toHaveLength(1);
    now = new Date('2030-01-01T00:16:00.000Z');
    await here.signIn();
  }, 60_000);

  it('works while an old session’s cookie is still sent', async () => {
    await using here = await withUser();
    const { cookies } = await here.signIn();
    const again = await login(here.server, { Username: 'ada', Password: PASSWORD }, { cookie: cookies });
    expect(again.status).toBe(200);
  });
});
