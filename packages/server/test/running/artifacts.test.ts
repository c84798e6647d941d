/** Artifacts: collected from steps, made by clients, found by what they are about. */
import { expect, test } from 'vitest';
import { testServer } from '../support.ts';
import { fakeWork } from './fake-work.ts';
import { makeProject } from './project-under-test.ts';

test('what a script declares is there when the task is over, and found by everything that it is about', async () => {
  await using server = await fakeWork(() => ({
    writes: [{ stream: 'stdout', text: 'x\n' }],
    artifacts: [
      { path: 'report.txt', name: 'Report.txt' },
      { path: 'missing.txt', name: 'Missing.txt' },
    ],
  }));
  const made = await makeProject(server, [{ name: 'work', script: 'true', image: 'alpine:3' }]);
  const { id, taskId } = await server.deploy(made.releaseId, made.environmentId);
  const task = await server.task(taskId);
  expect(task).toMatchObject({ State: 'Success', HasWarningsOrErrors: true });
  for (const regarding of [taskId, id, made.releaseId, made.projectId, made.environmentId]) {
    const { body } = await server.get(`/api/artifacts?regarding=${regarding}`);
    expect(body.Items).toMatchObject([{ Filename: 'Report.txt', ServerTaskId: taskId }]);
  }
  const [artifact] = (await server.get(`/api/artifacts?regarding=${id}`)).body.Items;
  const content = await server.get(artifact.Links.Content);
  expect(content.raw.toString()).toBe('content of report.txt');
  expect(content.headers['content-disposition']).toContain('Report.txt');
  expect((await server.get(`/api/tasks/${taskId}/raw`)).raw.toString()).toMatch(/Missing.txt/);
});

test('a client makes one, sends its content as it is, and reads it back', async () => {
  await using server = await testServer();
  const made = await server.call('POST', '/api/artifacts', { Filename: 'a.bin' });
  expect(made.status).toBe(201);
  const bytes = Buffer.from([0, 255, 10, 13, 1]);
  const url = `/api/Spaces-1/artifacts/${made.body.Id}/content`;
  const put = await server.inject({
    method: 'PUT',
    url,
    headers: { 'x-octopus-apikey': 'API-TESTADMINISTRATOR0001', 'content-type': 'application/octet-stream' },
    payload: bytes,
  });
  expect(put.status).toBe(200);
  expect(put.body.Size).toBe(5);
  expect((await server.get(url)).raw).toEqual(bytes);
  expect((await server.call('DELETE', `/api/artifacts/${made.body.Id}`)).status).toBe(200);
  expect((await server.get(url)).status).toBe(404);
  const unknown = await server.call('POST', '/api/artifacts', {
    Filename: 'x',
    ServerTaskId: 'ServerTasks-7',
  });
  expect(unknown.status).toBe(400);
});
