/** The audit trail as clients see it: who did what, from where, about which documents, and who may read it. */
import { describe, expect, it } from 'vitest';
import { makeProject } from './running/project-under-test.ts';
import { ADMIN_KEY, type TestServer, testServer } from './support.ts';

const SECRET = 'hunter2-hunter2';

async function found(server: TestServer, query: string): Promise<readonly Record<string, unknown>[]> {
  const { status, body } = await server.get(`/api/events?${query}`);
  expect(status).toBe(200);
  return body.Items;
}

describe('what people do to documents', () => {
  it('is recorded with who, from where, when and about what: made, changed, deleted', async () => {
    await using server = await testServer({ now: () => new Date('2030-05-06T07:08:09.000Z') });
    const agent = { 'user-agent': 'octopus-cli/2.0' };
    const made = await server.call('POST', '/api/Spaces-1/environments', { Name: 'Prod <1>' }, agent);
    const { Id } = made.body;
    await server.call('PUT', `/api/Spaces-1/environments/${Id}`, { ...made.body, Name: 'Live' }, agent);
    await server.call('DELETE', `/api/Spaces-1/environments/${Id}`, undefined, agent);
    const { body } = await server.get(`/api/Spaces-1/events?regarding=${Id}`);
    expect(body.Items.map(({ Category }: { Category: string }) => Category)).toEqual([
      'Deleted',
      'Modified',
      'Created',
    ]);
    expect(body.Items[2]).toMatchObject({
      SpaceId: 'Spaces-1',
      Username: 'admin',
      UserId: 'Users-1',
      IsService: false,
      IdentityEstablishedWith: 'API key APIKeys-1',
      UserAgent: 'octopus-cli/2.0',
      IpAddress: '127.0.0.1',
      Occurred: '2030-05-06T07:08:09.000+00:00',
      Message: 'Environment Prod <1> was created',
      MessageHtml: 'Environment Prod &lt;1&gt; was created',
      MessageReferences: [{ ReferencedDocumentId: Id, StartIndex: 12, Length: 8 }],
      RelatedDocumentIds: [Id],
    });
    const one = await server.get(body.Items[2].Links.Self);
    expect(one.body).toEqual(body.Items[2]);
  });

  it('names releases, processes and variables as people know them', async () => {
    await using server = await testServer();
    const made = await makeProject(server, [{ name: 'work', script: 'true' }], { name: 'Shop' });
    const messages = async (id: string) =>
      (await found(server, `regarding=${id}`)).map(({ Message }) => Message);
    expect(await messages(made.releaseId)).toEqual(['Release 0.0.1 was created']);
    expect(await messages(made.projectId)).toEqual([
      'Release 0.0.1 was created',
      `Process ${made.projectId} was changed`,
      'Project Shop was created',
    ]);
    const again = { ProjectName: 'Shop', ReleaseVersion: '0.0.1', IgnoreIfAlreadyExists: true };
    expect((await server.call('POST', '/api/releases/create/v1', again)).status).toBe(201);
    expect(await messages(made.releaseId)).toHaveLength(1);
  });

  it('leaves no event when it was refused or undone', async () => {
    await using server = await testServer();
    await server.call('POST', '/api/Spaces-1/environments', { Name: 'Dev' });
    expect((await server.call('POST', '/api/Spaces-1/environments', { Name: 'dev' })).status).toBe(400);
    const ofKind = (kind: string) => found(server, `eventCategories=Created&documentTypes=${kind}`);
    expect(await ofKind('Environments')).toHaveLength(1);
    // A whole kind, as it is spelt, on both databases.
    for (const other of ['environments', 'Environment', 'Env%']) expect(await ofKind(other)).toEqual([]);
  });

  it('is recorded by every route that writes, also where the handler says nothing itself', async () => {
    await using server = await testServer();
    const first = await server.call('POST', '/api/Spaces-1/environments', { Name: 'A' });
    const second = await server.call('POST', '/api/Spaces-1/environments', { Name: 'B' });
    const order = [second.body.Id, first.body.Id];
    expect((await server.call('PUT', '/api/Spaces-1/environments/sortorder', order)).status).toBe(200);
    const [event] = await found(server, 'take=1');
    expect(event).toMatchObject({ Category: 'Modified', SpaceId: 'Spaces-1', Username: 'admin' });
  });

  it('never holds a secret: not a password, not a key, not a sensitive value', async () => {
    await using server = await testServer();
    await server.call('POST', '/api/users', { Username: 'ada', DisplayName: 'Ada', Password: SECRET });
    await server.call('POST', '/api/Spaces-1/accounts', {
      Name: 'db',
      AccountType: 'UsernamePassword',
      Username: 'u',
      Password: { NewValue: SECRET },
    });
    const key = await server.call('POST', '/api/users/Users-1/apikeys', { Purpose: 'ci' });
    const text = JSON.stringify(await found(server, 'take=2147483647'));
    expect(text).toContain('Account db was created');
    expect(text).not.toContain(SECRET);
    expect(text).not.toContain(key.body.ApiKey);
    expect(text).not.toContain(ADMIN_KEY);
  });

  it('covers API keys: made and deleted', async () => {
    await using server = await testServer();
    const key = await server.call('POST', '/api/users/Users-1/apikeys', { Purpose: 'ci' });
    await server.call('DELETE', `/api/users/Users-1/apikeys/${key.body.Id}`);
    const events = await found(server, `regarding=${key.body.Id}`);
    expect(events.map(({ Category }) => Category)).toEqual(['ApiKeyRevoked', 'ApiKeyCreated']);
    expect(events[1]).toMatchObject({ SpaceId: null, Message: expect.stringContaining('"ci"') });
  });
});

describe('who may read it', () => {
  it('is whoever manages the space, for that space; the whole of it only administrators', async () => {
    await using server = await testServer();
    const user = await server.call('POST', '/api/users', { Username: 'ada', DisplayName: 'Ada' });
    const key = await server.call('POST', `/api/users/${user.body.Id}/apikeys`, { Purpose: 'x' });
    const ada = { 'x-octopus-apikey': key.body.ApiKey };
    expect((await server.get('/api/Spaces-1/events', ada)).status).toBe(403);
    const space = await server.call('POST', '/api/spaces', {
      Name: 'Hers',
      SpaceManagersTeamMembers: [user.body.Id],
    });
    await server.call('POST', `/api/${space.body.Id}/environments`, { Name: 'Mine' }, ada);
    const own = await server.get(`/api/${space.body.Id}/events`, ada);
    expect(own.body.Items.map(({ Message }: { Message: string }) => Message)).toEqual([
      'Environment Mine was created',
    ]);
    expect((await server.get('/api/events', ada)).status).toBe(403);
    expect((await server.get('/api/Spaces-1/events', ada)).status).toBe(403);
  });
});

describe('the filters of clients', () => {
  it('reach a page by kind, user and time, and say what a time must look like', async () => {
    let now = new Date('2030-01-01T00:00:00.000Z');
    await using server = await testServer({ now: () => now });
    await server.call('POST', '/api/Spaces-1/environments', { Name: 'A' });
    now = new Date('2030-01-02T00:00:00.000Z');
    await server.call('POST', '/api/Spaces-1/environments', { Name: 'B' });
    const later = await found(server, 'from=2030-01-01T12%3A00%3A00.000%2B00%3A00&users=Users-1');
    expect(later.map(({ Message }) => Message)).toEqual(['Environment B was created']);
    expect(await found(server, 'users=Users-99')).toEqual([]);
    expect(await found(server, 'eventGroups=Security')).toEqual([]);
    expect(await found(server, 'eventGroups=Document')).toHaveLength(2);
    const page = await server.get('/api/Spaces-1/events?take=1');
    expect(page.body).toMatchObject({ ItemType: 'Event', TotalResults: 2, ItemsPerPage: 1 });
    expect(page.body.Links['Page.Next']).toContain('skip=1');
    const wrong = await server.get('/api/events?from=yesterday');
    expect(wrong.status).toBe(400);
    expect(wrong.body.ErrorMessage).toContain('from must be a date');
    const categories = (await server.get('/api/events/categories')).body;
    expect(categories).toContainEqual({ Id: 'DeploymentFailed', Name: 'Deployment failed' });
  });
});
