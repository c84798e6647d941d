/** Who may come in: API keys, their owners, and what a route demands. */
import { describe, expect, it } from 'vitest';
import { RouteTable } from '../src/http/index.ts';
import { ADMIN_KEY, type TestServer, testServer } from './support.ts';

async function newUser(server: TestServer, Username: string, space?: string) {
  const user = (await server.call('POST', '/api/users', { Username, Password: 'correct horse' })).body;
  if (space) {
    const { body } = await server.get(`/api/spaces/${space}`);
    const SpaceManagersTeamMembers = [...body.SpaceManagersTeamMembers, user.Id];
    await server.call('PUT', body.Links.Self, { ...body, SpaceManagersTeamMembers });
  }
  const key = (await server.call('POST', `/api/users/${user.Id}/apikeys`, { Purpose: 'test' })).body.ApiKey;
  return { user, as: { 'x-octopus-apikey': String(key) } };
}

describe('an API key', () => {
  it('works in its own header and as a bearer token', async () => {
    await using server = await testServer();
    const me = await server.get('/api/users/me');
    expect(me.body).toMatchObject({ Id: 'Users-1', Username: 'admin', IsRequestor: true, IsActive: true });
    expect(JSON.stringify(me.body)).not.toContain('PasswordHash');
    const bearer = await server.inject({
      method: 'GET',
      url: '/api/users/me',
      headers: { authorization: `Bearer ${ADMIN_KEY}`, 'x-octopus-apikey': '' },
    });
    expect(bearer.status).toBe(200);
  });

  it('has the form that clients check, is shown once, and is stored nowhere', async () => {
    await using server = await testServer();
    const made = (await server.call('POST', '/api/users/Users-1/apikeys', { Purpose: 'CI' })).body;
    expect(made.ApiKey).toMatch(/^API-[A-Z0-9]{50,}$/);
    const read = (await server.get(made.Links.Self)).body;
    expect(read.ApiKey).toEqual({ HasValue: true, NewValue: null, Hint: null });
    const { body } = await server.get('/api/users/Users-1/apikeys');
    expect(body.Items.map((key: { Purpose: string }) => key.Purpose)).toEqual(['First start', 'CI']);
    const rows = await server.services.database.query.selectFrom('documents').select('document').execute();
    const index = await server.services.database.query.selectFrom('document_index').select('value').execute();
    const everything = JSON.stringify([rows, index]);
    expect(everything).not.toContain(made.ApiKey);
    expect(everything).not.toContain(ADMIN_KEY);
  });

  it('ends at its date, when it is deleted, and at once when its owner is disabled', async () => {
    let now = new Date('2030-01-01T00:00:00Z');
    await using server = await testServer({ now: () => now });
    const make = async (body: object) =>
      (await server.call('POST', '/api/users/Users-1/apikeys', { Purpose: 'x', ...body })).body;
    const status = async (key: string) =>
      (await server.get('/api/users/me', { 'x-octopus-apikey': key })).status;
    const short = await make({ Expires: '2030-01-02T00:00:00.000+00:00' });
    const usual = await make({});
    expect(usual.Expires).toBe('2030-06-30T00:00:00.000+00:00');
    expect(await status(short.ApiKey)).toBe(200);
    now = new Date('2030-01-02T00:00:00Z');
    expect(await status(short.ApiKey)).toBe(401);
    await server.call('DELETE', usual.Links.Self);
    expect(await status(usual.ApiKey)).toBe(401);
    const past = await server.call('POST', '/api/users/Users-1/apikeys', {
      Purpose: 'x',
      Expires: '2029-01-01',
    });
    expect(past.body.ErrorMessage).toContain('in the past');

    const { user, as } = await newUser(server, 'ann');
    expect((await server.get('/api/users/me', as)).status).toBe(200);
    await server.call('PUT', user.Links.Self, { ...user, IsActive: false });
    expect((await server.get('/api/users/me', as)).status).toBe(401);
  });

  it('that is wrong gets 401 and a hint, on every route that is not open', async () => {
    await using server = await testServer();
    for (const url of ['/api/users/me', '/api/Spaces-1/environments', '/api/spaces', '/api/Spaces-1']) {
      const { status, body } = await server.get(url, { 'x-octopus-apikey': 'API-WRONG' });
      expect([url, status]).toEqual([url, 401]);
      expect(body.ErrorMessage).toContain('API key');
    }
  });
});

describe('a request that may not come in', () => {
  it('is refused before its body is read, however large or wrong it is', async () => {
    await using server = await testServer({ settings: { bodyLimit: 2000 } });
    const send = (key: string, payload: string) =>
      server.inject({
        method: 'POST',
        url: '/api/Spaces-1/environments',
        headers: { 'x-octopus-apikey': key, 'content-type': 'application/json' },
        payload,
      });
    expect((await send('API-WRONG', `"${'x'.repeat(3000)}"`)).status).toBe(401);
    expect((await send('API-WRONG', '{"Name": ')).status).toBe(401);
    expect((await send(ADMIN_KEY, `"${'x'.repeat(3000)}"`)).status).toBe(413);
  });
});

describe('permissions', () => {
  it('let managers into their space only, and keep server matters to administrators', async () => {
    await using server = await testServer();
    const other = (
      await server.call('POST', '/api/spaces', { Name: 'Other', SpaceManagersTeamMembers: ['Users-1'] })
    ).body;
    const { user, as } = await newUser(server, 'ann', other.Id);
    expect((await server.call('POST', `/api/${other.Id}/environments`, { Name: 'E' }, as)).status).toBe(201);
    const refused = await server.get('/api/Spaces-1/environments', as);
    expect([refused.status, refused.body.ErrorMessage]).toEqual([
      403,
      expect.stringContaining('EnvironmentView'),
    ]);
    expect(
      (await server.call('POST', '/api/spaces', { Name: 'X', SpaceManagersTeamMembers: [user.Id] }, as))
        .status,
    ).toBe(403);
    expect((await server.call('POST', '/api/users', { Username: 'bob' }, as)).status).toBe(403);
    expect((await server.get('/api/users/Users-1/apikeys', as)).status).toBe(403);
    expect(
      (await server.get(`/api/users/${user.Id}/spaces`, as)).body.map((s: { Id: string }) => s.Id),
    ).toEqual([other.Id]);
  });

  it('are demanded by every route that may not be open: without a key, nothing is read or changed', async () => {
    await using server = await testServer();
    const { body } = await server.get('/api/openapi.json');
    const open: string[] = [];
    for (const [path, methods] of Object.entries<Record<string, unknown>>(body.paths)) {
      for (const method of Object.keys(methods)) {
        const url = path.replace('{spaceId}', 'Spaces-1').replace(/\{\w+\}/g, 'x');
        const reply = await server.inject({ method: method.toUpperCase() as 'GET', url });
        if (reply.status !== 401) open.push(`${method} ${path}`);
      }
    }
    expect(open.sort()).toEqual([
      'get /api',
      'get /api/capabilities',
      'get /api/docs',
      'get /api/openapi.json',
      'get /livez',
      'get /metrics',
      'get /readyz',
      'post /api/users/login',
    ]);
  });

  it('must be declared: a route without one stops the start-up', () => {
    const routes = new RouteTable();
    const declare = (declaration: object) => () => routes.add(declaration as never);
    const route = { method: 'GET', path: '/things', scope: 'space', summary: '', handle: async () => ({}) };
    expect(declare(route)).toThrow('must declare a permission');
    expect(declare({ ...route, permission: 'Wizardry' })).toThrow('must declare a permission');
    expect(declare({ ...route, permission: 'SpaceView' })).not.toThrow();
    expect(declare({ ...route, permission: 'SpaceView' })).toThrow('declared twice');
  });
});

describe('users and teams', () => {
  it('cannot lock everybody out', async () => {
    await using server = await testServer();
    const me = (await server.get('/api/users/me')).body;
    expect((await server.call('DELETE', me.Links.Self)).status).toBe(400);
    expect((await server.call('PUT', me.Links.Self, { ...me, IsActive: false })).status).toBe(400);
    const team = (await server.get('/api/teams/teams-administrators')).body;
    expect((await server.call('PUT', team.Links.Self, { ...team, MemberUserIds: [] })).status).toBe(400);
    expect((await server.call('DELETE', team.Links.Self)).status).toBe(400);
  });

  it('make an administrator of a member of the administrators', async () => {
    await using server = await testServer();
    const { user, as } = await newUser(server, 'ann');
    expect((await server.get('/api/Spaces-1/environments', as)).status).toBe(403);
    const team = (await server.get('/api/teams/teams-administrators')).body;
    await server.call('PUT', team.Links.Self, { ...team, MemberUserIds: [...team.MemberUserIds, user.Id] });
    expect((await server.get('/api/Spaces-1/environments', as)).status).toBe(200);
    await server.call('DELETE', user.Links.Self);
    expect((await server.get('/api/teams/teams-administrators')).body.MemberUserIds).toEqual(['Users-1']);
    expect((await server.get('/api/users/me', as)).status).toBe(401);
  });

  it('are found by a part of the name', async () => {
    await using server = await testServer();
    await server.call('POST', '/api/users', { Username: 'ann@example.org' });
    expect((await server.get('/api/users?filter=ann')).body.Items[0].Username).toBe('ann@example.org');
    expect((await server.get('/api/users/all')).body).toHaveLength(2);
    expect((await server.get('/api/teams/all')).body.map((team: { Id: string }) => team.Id).sort()).toEqual([
      'teams-administrators',
      'teams-everyone',
    ]);
  });
});
