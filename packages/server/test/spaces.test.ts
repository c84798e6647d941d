/** Spaces: what a new one holds, and how one goes. */
import { describe, expect, it } from 'vitest';
import { testServer } from './support.ts';

const OTHER = { Name: 'Other', SpaceManagersTeamMembers: ['Users-1'] };

describe('a first start', () => {
  it('makes the default space and an administrator, once', async () => {
    await using server = await testServer();
    const spaces = (await server.get('/api/spaces/all')).body;
    expect(spaces).toEqual([
      expect.objectContaining({
        Id: 'Spaces-1',
        Name: 'Default',
        Slug: 'default',
        IsDefault: true,
        TaskQueueStopped: false,
      }),
    ]);
    await using second = await testServer({ database: server.services.database });
    expect((await second.get('/api/spaces/all')).body).toHaveLength(1);
    expect((await second.get('/api/users/all')).body).toHaveLength(1);
  });
});

describe('spaces', () => {
  it('hold from the start what clients take first: a lifecycle without phases and a project group', async () => {
    await using server = await testServer();
    const { Id } = (await server.call('POST', '/api/spaces', OTHER)).body;
    const first = async (path: string) => (await server.get(`/api/${Id}/${path}?take=1`)).body.Items[0];
    expect(await first('lifecycles')).toMatchObject({ Name: 'Default Lifecycle', Phases: [] });
    expect(await first('projectgroups')).toMatchObject({ Name: 'Default Project Group' });
    await server.call('POST', `/api/${Id}/lifecycles`, { Name: 'AAA' });
    expect((await first('lifecycles')).Name).toBe('Default Lifecycle');
  });

  it('need a manager', async () => {
    await using server = await testServer();
    const { status, body } = await server.call('POST', '/api/spaces', { Name: 'Nobody' });
    expect([status, body.ErrorMessage]).toEqual([400, expect.stringContaining('SpaceManagersTeamMembers')]);
  });

  it('are deleted with everything in them, after their task queue was stopped', async () => {
    await using server = await testServer();
    const { body } = await server.call('POST', '/api/spaces', OTHER);
    await server.call('POST', `/api/${body.Id}/environments`, { Name: 'E' });
    const early = await server.call('DELETE', body.Links.Self);
    expect([early.status, early.body.ErrorMessage]).toEqual([
      400,
      expect.stringContaining('TaskQueueStopped'),
    ]);
    await server.call('PUT', body.Links.Self, { ...body, TaskQueueStopped: true });
    expect((await server.call('DELETE', body.Links.Self)).status).toBe(200);
    expect((await server.get(`/api/${body.Id}/environments`)).status).toBe(404);
    const left = await server.services.database.query
      .selectFrom('documents')
      .select('id')
      .where('space', '=', body.Id)
      .execute();
    expect(left).toEqual([]);
    const index = await server.services.database.query
      .selectFrom('document_index')
      .select('id')
      .where('id', '=', body.Id)
      .execute();
    expect(index).toEqual([]);
  });

  it('are not deleted while a task of theirs is running', async () => {
    await using server = await testServer();
    const { body } = await server.call('POST', '/api/spaces', { ...OTHER, TaskQueueStopped: true });
    const { coordination } = server.services;
    await coordination.enqueue({ task: 'ServerTasks-1', space: body.Id, queueTime: new Date(0), tag: null });
    const lease = await coordination.claim('me', 60_000);
    const refused = await server.call('DELETE', body.Links.Self);
    expect([refused.status, refused.body.ErrorMessage]).toEqual([400, expect.stringContaining('1 task(s)')]);
    if (lease) await coordination.release(lease, 'done');
    expect((await server.call('DELETE', body.Links.Self)).status).toBe(200);
  });

  it('have one default among them, which cannot be deleted and answers URLs without a space', async () => {
    await using server = await testServer();
    const { body } = await server.call('POST', '/api/spaces', { ...OTHER, IsDefault: true });
    expect((await server.get('/api/spaces/Spaces-1')).body.IsDefault).toBe(false);
    expect((await server.get('/api')).body.Links.Environments).toMatch(`/api/${body.Id}/environments`);
    await server.call('POST', '/api/environments', { Name: 'E' });
    expect((await server.get(`/api/${body.Id}/environments`)).body.TotalResults).toBe(1);
    await server.call('PUT', body.Links.Self, { ...body, TaskQueueStopped: true });
    expect((await server.call('DELETE', body.Links.Self)).status).toBe(400);
  });

  it('are found by part of the name, as clients look them up', async () => {
    await using server = await testServer();
    await server.call('POST', '/api/spaces', OTHER);
    const { body } = await server.get('/api/spaces?partialName=oth&skip=0&take=2147483647');
    expect(body.Items.map((space: { Name: string }) => space.Name)).toEqual(['Other']);
  });
});
