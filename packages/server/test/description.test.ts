/** The API's own description, and the documents that clients find their way by. */
import { describe, expect, it } from 'vitest';
import { testServer } from './support.ts';

describe('the OpenAPI document', () => {
  it('describes every declared route with its permission, and refers to nothing that is missing', async () => {
    await using server = await testServer();
    const { body } = await server.get('/api/openapi.json');
    expect(body.openapi).toBe('3.1.0');
    const create = body.paths['/api/{spaceId}/environments'].post;
    expect(create['x-permission']).toBe('EnvironmentCreate');
    expect(create.requestBody.content['application/json'].schema.$ref).toBe(
      '#/components/schemas/WritableEnvironment',
    );
    expect(body.components.schemas.WritableEnvironment.required).toEqual(['Name']);
    const keyed = create.parameters.find(({ name }: { name: string }) => name === 'Idempotency-Key');
    expect(keyed).toMatchObject({ in: 'header', required: false });
    const list = body.paths['/api/{spaceId}/environments'].get;
    expect(list.parameters.map(({ name }: { name: string }) => name)).not.toContain('Idempotency-Key');
    const references = [...JSON.stringify(body).matchAll(/#\/components\/schemas\/(\w+)/g)].map(
      ([, name]) => name,
    );
    const missing = references.filter((name) => !(String(name) in body.components.schemas));
    expect(missing).toEqual([]);
  });

  it('can be read as a page that loads nothing from elsewhere', async () => {
    await using server = await testServer();
    const { body, headers } = await server.get('/api/docs');
    expect(headers['content-type']).toContain('text/html');
    expect(body).not.toMatch(/(src|href)="(https?:)?\/\//);
    const policy = String(headers['content-security-policy']);
    expect(policy).toMatch(/script-src 'sha256-[^']+'; style-src 'sha256-[^']+'/);
    expect(policy).not.toContain('unsafe-inline');
  });
});

describe('the root document', () => {
  it('has a version that every client accepts', async () => {
    await using server = await testServer();
    const { body } = await server.get('/api');
    expect(body.Version).toMatch(/^[1-9]\d*\.\d+\.[1-9]\d*$/);
    expect(body.InstallationId).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect((await server.get('/api/capabilities')).body.Capabilities).toContain('GetAllSpacesRequest');
  });

  it("carries the default space's links too, as plain texts", async () => {
    await using server = await testServer();
    const { Links } = (await server.get('/api')).body;
    expect(Links).toMatchObject({
      Spaces: '/api/spaces{/id}{?name,skip,ids,take,partialName}',
      CurrentUser: '/api/users/me',
      Projects: '/api/Spaces-1/projects{/id}{?name,skip,ids,clone,take,partialName,clonedFromProjectId}',
      Web: '/app',
    });
    for (const value of Object.values(Links)) expect(typeof value).toBe('string');
  });

  it('names no link in a space that the root lacks', async () => {
    await using server = await testServer();
    const root = (await server.get('/api')).body.Links;
    const space = (await server.get('/api/Spaces-1')).body.Links;
    expect(Object.keys(space).filter((name) => !(name in root))).toEqual([]);
    expect(Object.keys(root).length).toBeGreaterThan(80);
  });
});

describe('for the machines that watch this one', () => {
  it('there are /livez, /readyz and /metrics', async () => {
    await using server = await testServer();
    expect((await server.get('/livez')).body).toBe('ok');
    expect((await server.get('/readyz')).body).toBe('ok');
    await server.get('/api/nowhere');
    const { body, headers } = await server.get('/metrics');
    expect(headers['content-type']).toContain('version=0.0.4');
    expect(body).toMatch(/^argonaut_http_requests_total\{method="GET",status="404"\} 1$/m);
    expect(body).toMatch(/^argonaut_database_commits_total \d+$/m);
  });

  it('/readyz says what is wrong', async () => {
    const stopping = new AbortController();
    await using server = await testServer({ stopping: stopping.signal });
    stopping.abort();
    expect(await server.get('/readyz')).toMatchObject({ status: 503, body: 'stopping' });
    expect(await server.get('/api')).toMatchObject({ status: 503, headers: { 'retry-after': '2' } });
    expect((await server.get('/livez')).status).toBe(200);
  });
});
