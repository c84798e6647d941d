/**
 * Requests that are wrong are refused with everything that is wrong about them, and nothing is made of them. How bodies
 * are read is shown in `wire.test.ts`, what deployments refuse in `running/deployments.test.ts`; here it is that nothing
 * stays behind, and that what is named but unknown is told with what there is.
 */
import { expect, test } from 'vitest';
import { errorAnswer } from '../../src/http/errors.ts';
import { makeProject } from '../running/project-under-test.ts';
import { ADMIN_KEY, testServer } from '../support.ts';

test('malformed JSON, wrong types, missing fields and a large body make nothing', async () => {
  await using server = await testServer({ settings: { bodyLimit: 5_000 } });
  const send = async (payload: string) => {
    const url = '/api/Spaces-1/projects';
    const headers = { 'x-octopus-apikey': ADMIN_KEY, 'content-type': 'application/json' };
    const { status, body } = await server.inject({ method: 'POST', url, headers, payload });
    return { status, message: body.ErrorMessage, errors: body.Errors };
  };
  expect(await send('{"Name": "Half')).toMatchObject({
    status: 400,
    message: expect.stringMatching(/not valid JSON: .* line 1, column 10 has no closing quote/),
  });
  const types = await send('{"Name": 5, "Description": [], "IsDisabled": "perhaps"}');
  expect(types.status).toBe(400);
  expect(types.errors).toEqual(
    expect.arrayContaining([
      'Name must be a text.',
      'Description must be a text.',
      'IsDisabled must be true or false.',
      'ProjectGroupId is required.',
      'LifecycleId is required.',
    ]),
  );
  expect(await send(JSON.stringify({ Name: 'x'.repeat(6_000) }))).toMatchObject({
    status: 413,
    message: expect.stringMatching(/larger than the limit of 5000 bytes .*ARGONAUT_BODY_LIMIT/),
  });
  expect((await server.get('/api/projects/all')).body).toEqual([]);
});

test('required fields that are empty are told together, and space is nothing', async () => {
  await using server = await testServer();
  const { body } = await server.call('POST', '/api/projects', {
    Name: '  ',
    ProjectGroupId: '',
    LifecycleId: '',
  });
  expect(body.Errors).toEqual([
    'Name must not be empty.',
    'ProjectGroupId must not be empty.',
    'LifecycleId must not be empty.',
  ]);
});

test('who names what is not there is told what there is', async () => {
  await using server = await testServer();
  const made = await makeProject(server, [{ name: 'step', script: 'true' }], { name: 'Shop' });
  const message = async (path: string) => (await server.get(path)).body.ErrorMessage;
  const project = `/api/projects/${made.projectId}`;
  expect(await message(`${project}/releases/9.0.0`)).toBe(
    `The project "Shop" has no release "9.0.0". Its latest are ${made.version}.`,
  );
  expect(await message(`${project}/runbooks/x`)).toBe(
    'The project "Shop" has no runbook "x". It has none at all.',
  );
  await server.call('POST', `${project}/runbooks`, { Name: 'Restart', ProjectId: made.projectId });
  expect(await message(`${project}/runbooks/x`)).toMatch(/no runbook "x"\. It has "Restart"\./);
});

test('a feed whose address cannot be used is named', async () => {
  await using server = await testServer();
  const refused = async (FeedUri: string) => {
    const { status, body } = await server.call('POST', '/api/feeds', {
      Name: 'Ours',
      FeedType: 'Docker',
      FeedUri,
    });
    return `${status} ${body.ErrorMessage}`;
  };
  expect(await refused('ftp://registry.example')).toMatch(/^400 The feed "Ours" cannot be used: "ftp:/);
  expect(await refused('')).toMatch(/^400 The feed "Ours" has no FeedUri/);
});

test('a body that is nested too deeply to be written again is refused, and lists go on', async () => {
  await using server = await testServer();
  const send = async (url: string, payload: string) => {
    const headers = { 'x-octopus-apikey': ADMIN_KEY, 'content-type': 'application/json' };
    return server.inject({ method: 'POST', url, headers, payload });
  };
  const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
  for (const [path, body] of [
    ['environments', `{"Name": "Deep", "ExtensionSettings": ${deep}}`],
    [
      'projects',
      `{"Name": "Deep", "ProjectGroupId": "ProjectGroups-1", "LifecycleId": "Lifecycles-1", "Templates": ${deep}}`,
    ],
    ['environments', `{"Name": "Deep", "OfNoSchema": ${deep}}`],
  ] as const) {
    const { status, body: answer } = await send(`/api/${path}`, body);
    expect([status, answer.ErrorMessage]).toEqual([400, expect.stringMatching(/more than 100 levels deep/)]);
    expect((await server.get(`/api/${path}/all`)).body).toEqual([]);
  }
});

test('what a handler made is not kept when the answer about it cannot be written', async () => {
  await using server = await testServer();
  const write = JSON.stringify;
  // An answer is the only thing with links that is written; documents are stored without.
  JSON.stringify = ((value: unknown, ...rest: []) => {
    if ((value as { Links?: unknown } | null)?.Links !== undefined) throw new RangeError('too deep');
    return write(value, ...rest);
  }) as typeof JSON.stringify;
  try {
    const { status } = await server.call('POST', '/api/environments', { Name: 'Untellable' });
    expect(status).toBe(500);
  } finally {
    JSON.stringify = write;
  }
  expect((await server.get('/api/environments/all')).body).toEqual([]);
});

test('an unknown environment, and one that the lifecycle does not allow, start no task', async () => {
  await using server = await testServer();
  const made = await makeProject(server, [{ name: 'step', script: 'true' }]);
  const { body: other } = await server.call('POST', '/api/environments', { Name: 'Elsewhere' });
  const [lifecycle] = (await server.get('/api/lifecycles/all')).body;
  const phases = [{ Name: 'Only', OptionalDeploymentTargets: [made.environmentId] }];
  await server.call('PUT', `/api/lifecycles/${lifecycle.Id}`, { ...lifecycle, Phases: phases });
  const deploy = async (EnvironmentId: string) => {
    const request = { ReleaseId: made.releaseId, EnvironmentId };
    const { status, body } = await server.call('POST', '/api/deployments', request);
    return { status, message: body.ErrorMessage };
  };
  expect(await deploy('Moon')).toEqual({
    status: 400,
    message: expect.stringMatching(/"Moon" does not exist.*"Production", "Elsewhere"/),
  });
  expect(await deploy(other.Id)).toEqual({ status: 400, message: expect.stringMatching(/Elsewhere/) });
  expect((await server.get('/api/tasks')).body.TotalResults).toBe(0);
  expect((await server.get('/api/deployments')).body.TotalResults).toBe(0);
});

test.each([
  ['a file system', { code: 'ENOSPC' }],
  ['SQLite', { code: 'ERR_SQLITE_ERROR', errcode: 13 }],
  ['PostgreSQL', { code: '53100' }],
])('a full disk of %s is 507 and says what to do', (_where, marks) => {
  const { status, body } = errorAnswer(Object.assign(new Error('no room in /secret/place'), marks));
  expect(status).toBe(507);
  expect(body.ErrorMessage).toMatch(/disk .* is full: nothing was stored\. Free some space/);
  expect(body.ErrorMessage).not.toContain('/secret/place');
});
