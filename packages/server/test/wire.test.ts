/** The rules of the wire, each where a client depends on it. */
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { testServer } from './support.ts';

const MADE = { Name: 'Test' };

describe('one resource has many URLs', () => {
  it.each([
    '/api/Spaces-1/environments/Environments-1',
    '/api/spaces/Spaces-1/environments/Environments-1',
    '/api/spaces/default/environments/Environments-1',
    '/api/environments/Environments-1',
    '/api/Spaces-1/environments/Environments-1/',
    '/API/SPACES-1/Environments/Environments-1',
    '//api//Spaces-1/environments/Environments-1',
    '/api/Spaces-1/environments/test',
  ])('%s', async (url) => {
    await using server = await testServer();
    await server.call('POST', '/api/Spaces-1/environments', MADE);
    const { status, body } = await server.get(url);
    expect([status, body.Id]).toEqual([200, 'Environments-1']);
  });

  it('`/api` and `/api/` give the root document, without a redirect and without a key', async () => {
    await using server = await testServer();
    for (const url of ['/api', '/api/', '/API']) {
      const { status, body } = await server.inject({ method: 'GET', url });
      expect([status, body.ApiVersion]).toEqual([200, '3.0.0']);
    }
  });

  it('`/api/{S}` is the links of a space, `/api/spaces/{S}` the space', async () => {
    await using server = await testServer();
    const links = (await server.get('/api/Spaces-1')).body;
    expect(Object.keys(links).sort()).toEqual(['Id', 'Links']);
    expect(links.Links.Environments).toBe('/api/Spaces-1/environments{/id}{?name,skip,ids,take,partialName}');
    expect((await server.get('/api/spaces/Spaces-1')).body.Name).toBe('Default');
  });

  it('of an unknown space are 404, naming it', async () => {
    await using server = await testServer();
    const { status, body } = await server.get('/api/Spaces-77/environments');
    expect([status, body.ErrorMessage]).toEqual([404, 'The space "Spaces-77" was not found.']);
  });

  it('an encoded slash stays inside its segment', async () => {
    await using server = await testServer();
    const { status, body } = await server.get('/api/Spaces-1/environments/refs%2Fheads%2Fmain');
    expect([status, body.ErrorMessage]).toEqual([404, 'The environment "refs/heads/main" was not found.']);
  });
});

describe('methods', () => {
  it('can be overridden in a header, as .NET does for every PUT and DELETE', async () => {
    await using server = await testServer();
    await server.call('POST', '/api/Spaces-1/environments', MADE);
    const url = '/api/Spaces-1/environments/Environments-1';
    const put = await server.call('POST', url, { Name: 'Live' }, { 'x-http-method-override': 'PUT' });
    expect([put.status, put.body.Name]).toEqual([200, 'Live']);
    const gone = await server.call('POST', url, undefined, { 'x-http-method-override': 'delete' });
    expect(gone.status).toBe(200);
    expect((await server.get(url)).status).toBe(404);
  });

  it('that a path does not know are 405, and say which it knows', async () => {
    await using server = await testServer();
    const { status, body, headers } = await server.call('DELETE', '/api/Spaces-1/environments');
    expect([status, headers.allow]).toEqual([405, 'GET, POST']);
    expect(body.ErrorMessage).toContain('DELETE is not possible here');
  });

  it('an empty JSON body is no body', async () => {
    await using server = await testServer();
    await server.call('POST', '/api/Spaces-1/environments', MADE);
    const reply = await server.inject({
      method: 'DELETE',
      url: '/api/Spaces-1/environments/Environments-1',
      headers: { 'x-octopus-apikey': 'API-TESTADMINISTRATOR0001', 'content-type': 'application/json' },
      payload: '',
    });
    expect(reply.status).toBe(200);
  });
});

describe('request bodies', () => {
  it('have names in any case; the exact spelling counts when both are there', async () => {
    await using server = await testServer();
    const { body } = await server.call('POST', '/api/Spaces-1/environments', {
      name: 'wrong',
      Name: 'Right',
      useguidedFAILURE: true,
      description: null,
    });
    expect(body).toMatchObject({ Name: 'Right', UseGuidedFailure: true, Description: '' });
    expect(body).not.toHaveProperty('name');
  });

  it('get every complaint at once, in words', async () => {
    await using server = await testServer();
    const { status, body } = await server.call('POST', '/api/Spaces-1/lifecycles', {
      Description: 5,
      Phases: [{ MinimumEnvironmentsBeforePromotion: -1, IsOptionalPhase: 'yes' }, 'phase'],
      ReleaseRetentionPolicy: { Unit: 'Weeks' },
    });
    expect(status).toBe(400);
    expect(body.Errors).toEqual(
      expect.arrayContaining([
        'Name is required.',
        'Description must be a text.',
        'Phases.0.Name is required.',
        'Phases.0.MinimumEnvironmentsBeforePromotion must be at least 0.',
        'Phases.0.IsOptionalPhase must be true or false.',
        'Phases.1 must be an object.',
        'ReleaseRetentionPolicy.Unit must be one of Days, Items.',
      ]),
    );
  });

  it('that are not JSON are 400, that are too large 413, of another type 400 with what to send', async () => {
    await using server = await testServer({ settings: { bodyLimit: 2000 } });
    const send = (payload: string, type = 'application/json') =>
      server.inject({
        method: 'POST',
        url: '/api/Spaces-1/environments',
        headers: { 'x-octopus-apikey': 'API-TESTADMINISTRATOR0001', 'content-type': type },
        payload,
      });
    const broken = await send('{"Name": ');
    expect([broken.status, Array.isArray(broken.body.Errors)]).toEqual([400, true]);
    const large = await send(JSON.stringify({ Name: 'x'.repeat(3000) }));
    expect([large.status, large.body.ErrorMessage]).toEqual([
      413,
      expect.stringMatching(/larger than the limit of 2000 bytes.*raise ARGONAUT_BODY_LIMIT/),
    ]);
    const form = await send('Name=x', 'application/x-www-form-urlencoded');
    expect([form.status, form.body.ErrorMessage]).toEqual([
      400,
      expect.stringContaining('Content-Type: application/json'),
    ]);
    expect((await send('{"__proto__": {"isAdmin": true}, "Name": "x"}')).status).toBe(400);
    expect((await send('[]')).status).toBe(400);
    expect((await send('null')).status).toBe(400);
  });
});

describe('errors', () => {
  it('are JSON for every status, with a list of complaints except in a 404', async () => {
    await using server = await testServer();
    for (const url of [
      '/nowhere',
      '/api/nowhere',
      '/api/Spaces-1/nowhere/at/all',
      '/api/Spaces-1/environments/E',
    ]) {
      const { status, body } = await server.get(url);
      expect([url, status, typeof body.ErrorMessage, 'Errors' in body]).toEqual([url, 404, 'string', false]);
    }
    const nobody = await server.inject({ method: 'GET', url: '/api/users/me' });
    expect([nobody.status, nobody.body.Errors]).toEqual([401, []]);
    const odd = await server.get('/api/Spaces-1/environments?take=many');
    expect([odd.status, odd.body.Errors]).toEqual([400, ['take must be a whole number.']]);
    for (const url of ['/api/Spaces-1/environments/%E0%A4%A', '/api/projects/%zz']) {
      const { status, body } = await server.get(url);
      expect([status, body.ErrorMessage]).toEqual([
        400,
        expect.stringMatching(/Write a percent sign as %25/),
      ]);
    }
    const long = await server.get(`/api/projects/${'x'.repeat(9_000)}`);
    expect([long.status, long.body.ErrorMessage]).toEqual([
      414,
      expect.stringMatching(/longer than 500 characters/),
    ]);
    expect(long.body.ErrorMessage.length).toBeLessThan(200);
  });

  it('that nobody foresaw are 500 without their text', async () => {
    await using server = await testServer();
    await server.services.database.query.schema.dropTable('documents').execute();
    const { status, body } = await server.inject({ method: 'GET', url: '/api' });
    expect(status).toBe(500);
    expect(JSON.stringify(body)).not.toContain('documents');
  });
});

describe('lists', () => {
  async function withEnvironments(count: number) {
    const server = await testServer();
    for (let n = 1; n <= count; n += 1) {
      await server.call('POST', '/api/Spaces-1/environments', { Name: `E${n}` });
    }
    return server;
  }

  it('come in pages; following Page.Next visits everything once and ends', async () => {
    await using server = await withEnvironments(7);
    const seen: string[] = [];
    let url: string | undefined = '/api/Spaces-1/environments?take=3&partialName=e';
    while (url) {
      const { body } = await server.get(url);
      expect(body).toMatchObject({ TotalResults: 7, NumberOfPages: 3, LastPageNumber: 2, ItemsPerPage: 3 });
      seen.push(...body.Items.map((item: { Name: string }) => item.Name));
      url = body.Links['Page.Next'];
    }
    expect(seen).toEqual(['E1', 'E2', 'E3', 'E4', 'E5', 'E6', 'E7']);
  });

  it('lead back to the last page who asks for one behind it', async () => {
    await using server = await withEnvironments(4);
    const { body } = await server.get('/api/Spaces-1/environments?skip=99&take=3');
    expect(body).toMatchObject({ TotalResults: 4, LastPageNumber: 1, Items: [] });
    const skips = ['Page.Current', 'Page.Last', 'Page.Previous'].map(
      (name) => /skip=\d+/.exec(body.Links[name])?.[0],
    );
    expect(skips).toEqual(['skip=3', 'skip=3', 'skip=3']);
    expect(body.Links['Page.Next']).toBeUndefined();
  });

  it('give everything for take=2147483647, and a whole shape when empty', async () => {
    await using server = await withEnvironments(31);
    const all = (await server.get('/api/Spaces-1/environments?skip=0&take=2147483647')).body;
    expect([all.Items.length, all.NumberOfPages, all.Links['Page.Next']]).toEqual([31, 1, undefined]);
    expect((await server.get('/api/Spaces-1/environments')).body.Items).toHaveLength(30);
    const none = (await server.get('/api/Spaces-1/environments?partialName=zzz')).body;
    expect(none).toMatchObject({
      TotalResults: 0,
      NumberOfPages: 1,
      LastPageNumber: 0,
      Items: [],
      IsStale: false,
    });
    expect(none.Links['Page.Current']).toContain('partialName=zzz');
  });

  it('take ids in every spelling; none means all, unknown ones are passed over', async () => {
    await using server = await withEnvironments(3);
    const ids = async (query: string) =>
      (await server.get(`/api/Spaces-1/environments?${query}`)).body.Items.map(
        (item: { Name: string }) => item.Name,
      );
    expect(await ids('ids=Environments-1,Environments-3')).toEqual(['E1', 'E3']);
    expect(await ids('ids=Environments-1%2CEnvironments-3')).toEqual(['E1', 'E3']);
    expect(await ids('ids=Environments-1&ids=Environments-3')).toEqual(['E1', 'E3']);
    expect(await ids('IDS=Environments-1&ids=Environments-2,Environments-3')).toEqual(['E1', 'E2', 'E3']);
    expect(await ids('ids=')).toEqual(['E1', 'E2', 'E3']);
    expect(await ids('ids=Environments-99')).toEqual([]);
  });

  it('of what the server does not have yet are empty, not missing', async () => {
    await using server = await testServer();
    for (const path of [
      'tenants',
      'accounts',
      'machines',
      'certificates',
      'tagsets',
      'proxies',
      'subscriptions',
    ]) {
      expect((await server.get(`/api/Spaces-1/${path}`)).body.TotalResults).toBe(0);
      expect((await server.get(`/api/Spaces-1/${path}/all`)).body).toEqual([]);
    }
    expect((await server.get('/api/Spaces-1/machineroles/all')).body).toEqual([]);
  });
});

describe('answers', () => {
  it('are gzipped for those who ask, when it is worth it', async () => {
    await using server = await testServer();
    const injected = await server.inject({
      method: 'GET',
      url: '/api',
      headers: { 'accept-encoding': 'gzip,deflate' },
    });
    expect(injected.headers['content-encoding']).toBe('gzip');
    expect(JSON.parse(gunzipSync(injected.raw).toString()).ApiVersion).toBe('3.0.0');
    const small = await server.get('/api/capabilities', { 'accept-encoding': 'gzip' });
    expect(small.headers['content-encoding']).toBeUndefined();
    const refused = await server.inject({
      method: 'GET',
      url: '/api',
      headers: { 'accept-encoding': 'gzip;q=0' },
    });
    expect(refused.headers['content-encoding']).toBeUndefined();
  });

  it('cannot be framed, sniffed or kept by caches', async () => {
    await using server = await testServer();
    const { headers } = await server.get('/api/users/me');
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['cache-control']).toBe('no-store');
    expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
  });
});

describe('an Idempotency-Key', () => {
  const key = { 'idempotency-key': '6e3b1c1e-8a3f-4a71-9d6d-0d0e7a7c9a11' };

  it('makes a repeated POST give the first answer and do nothing again', async () => {
    await using server = await testServer();
    const first = await server.call('POST', '/api/Spaces-1/environments', MADE, key);
    const again = await server.call('POST', '/api/Spaces-1/environments', MADE, key);
    expect(again.status).toBe(201);
    expect(again.body).toEqual(first.body);
    expect(again.headers['idempotency-replayed']).toBe('true');
    expect((await server.get('/api/Spaces-1/environments')).body.TotalResults).toBe(1);
  });

  it('makes one of two simultaneous POSTs the only one', async () => {
    await using server = await testServer();
    const both = await Promise.all(
      [1, 2].map(() => server.call('POST', '/api/Spaces-1/environments', MADE, key)),
    );
    expect(both.map(({ status }) => status)).toEqual([201, 201]);
    expect(both[0]?.body).toEqual(both[1]?.body);
  });

  it('is refused for a different request, and free again after a failure', async () => {
    await using server = await testServer();
    expect((await server.call('POST', '/api/Spaces-1/environments', {}, key)).status).toBe(400);
    expect((await server.call('POST', '/api/Spaces-1/environments', MADE, key)).status).toBe(201);
    const other = await server.call('POST', '/api/Spaces-1/environments', { Name: 'Other' }, key);
    expect([other.status, other.body.ErrorMessage]).toEqual([
      409,
      expect.stringContaining('different request'),
    ]);
  });
});
