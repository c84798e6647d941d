/** Images that a Dockerfile begins from stand in the digest table as all others do. */
import { ArgonautError } from '@argonaut/contracts';
import type { ImageRequest, PresentImage } from '@argonaut/contracts/attempt';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  content,
  digests,
  type ImagesUnderTest,
  imagesUnderTest,
  registrySaid,
} from './images-under-test.ts';

let under: ImagesUnderTest;
/** The registry's host, as Dockerfiles name it. */
let host: string;
beforeEach(async () => {
  under = await imagesUnderTest();
  host = new URL(under.stub.origin).host;
});
afterEach(() => under[Symbol.asyncDispose]());

/** What the worker finds where it was told no digest; builds are its requests with their digests. */
function finding(found: (request: ImageRequest) => Record<string, string>): ImageRequest[] {
  const asked: ImageRequest[] = [];
  under.worker.acquire = async (request): Promise<PresentImage> => {
    asked.push(request);
    const bases = { ...found(request), ...request.build?.digests };
    return {
      reference: request.reference,
      local: `built:${asked.length}`,
      os: 'linux',
      architecture: 'amd64',
      bases,
    };
  };
  return asked;
}

test('each of them is fixed when the release is made, by the feed of its registry; stages and scratch are none', async () => {
  under.serves({ base: { '1': content('one') }, tools: { '7': content('tools') } });
  const dockerfile = [
    'ARG TAG=7',
    `FROM ${host}/tools:$TAG AS tools`,
    `FROM ${host}/base:#{Tag}`,
    'FROM scratch',
    'COPY --from=tools /x /x',
    `COPY --from=${host}/base@${content('two').digest} /y /y`,
    'COPY --from=elsewhere.example/z:1 /z /z',
  ].join('\n');
  const made = await under.project([under.built(dockerfile)], {
    variables: [{ Name: 'Tag', Value: '1', Type: 'String' }],
  });
  const rows = await under.table(made.releaseId);
  expect(digests(rows)).toEqual({
    [`${host}/base:1`]: content('one').digest,
    [`${host}/tools:7`]: content('tools').digest,
    'elsewhere.example/z:1': null,
  });
  expect(rows.map(({ FeedId }) => FeedId)).toEqual(['', '', '']);
  expect(rows.find(({ Image }) => Image.startsWith('elsewhere')).Problem).toContain('No feed says');
});

test('the worker builds from what is fixed, whatever the tag is meanwhile; a feed that is added later changes nothing', async () => {
  under.serves({ base: { '1': content('one') } });
  const made = await under.project([under.built(`FROM ${host}/base:1\nRUN true\n`)]);
  under.serves({ base: { '1': content('two') } });
  const more = { FeedType: 'Docker', FeedUri: under.stub.origin, Username: 'somebody' };
  await under.server.call('POST', '/api/feeds', { Name: 'Another one', ...more });
  const asked = finding(() => ({}));
  expect(await under.deployed(made.releaseId, made.environmentId)).toMatchObject({ State: 'Success' });
  expect(asked.map(({ build }) => build?.digests)).toEqual([{ [`${host}/base:1`]: content('one').digest }]);
});

test('what is open is fixed by the first build, for all that follow; who is too late builds again', async () => {
  under.stub.handler = (_sent, response) => response.destroy();
  const made = await under.project([under.built(`FROM ${host}/base:1\nRUN true\n`)]);
  const test = await under.environment('Test');
  // Both have asked before either is done, and each finds another content.
  const both = Promise.withResolvers<void>();
  const asked: ImageRequest[] = [];
  under.worker.acquire = async (request): Promise<PresentImage> => {
    const open = asked.push(request);
    if (open === 2) both.resolve();
    await both.promise;
    const bases = { [`${host}/base:1`]: content(`content ${open}`).digest, ...request.build?.digests };
    return {
      reference: request.reference,
      local: `built:${open}`,
      os: 'linux',
      architecture: 'amd64',
      bases,
    };
  };
  const tasks = [
    await under.server.deploy(made.releaseId, made.environmentId),
    await under.server.deploy(made.releaseId, test),
  ];
  for (const { taskId } of tasks) expect(await under.server.task(taskId)).toMatchObject({ State: 'Success' });
  const [row] = await under.table(made.releaseId);
  expect(row).toMatchObject({ FeedId: '', Image: `${host}/base:1`, LockedBy: 'FirstUse' });
  expect(asked.map(({ build }) => build?.digests)).toEqual([{}, {}, { [`${host}/base:1`]: row.Digest }]);
  const logs = await Promise.all(tasks.map(({ taskId }) => under.log(taskId)));
  expect(logs.filter((log) => log.includes(`Another task has fixed ${host}/base:1 to`))).toHaveLength(1);
});

test('one whose content is gone has the same name and the same way out', async () => {
  under.serves({ base: { '1': content('one') } });
  const made = await under.project([under.built(`FROM ${host}/base:1\nRUN true\n`)]);
  under.serves({ base: { '1': content('two') } });
  under.worker.acquire = async () => {
    const { kind, message, details } = registrySaid('NotFound', 'manifest unknown');
    throw new ArgonautError(kind, message, { details: { ...details, base: `${host}/base:1` } });
  };
  const { ErrorMessage } = await under.deployed(made.releaseId, made.environmentId);
  for (const part of [
    'cannot be built: The image',
    `fixed to ${content('one').digest} in release ${made.version}`,
    'feed "Our registry" does not have that content',
  ])
    expect(ErrorMessage).toContain(part);
  const [, path = '', body = ''] = /POST (\S+) with (\{.*?\})/.exec(ErrorMessage) ?? [];
  const accepted = await under.server.call('POST', path, JSON.parse(body));
  expect(accepted).toMatchObject({
    status: 200,
    body: { Digest: content('two').digest, PreviousDigest: content('one').digest, LockedBy: 'Accepted' },
  });
  const asked = finding(() => ({}));
  await under.deployed(made.releaseId, made.environmentId);
  expect(asked[0]?.build?.digests).toEqual({ [`${host}/base:1`]: content('two').digest });
});

test('what is wrong with a build is said as it is', async () => {
  const made = await under.project([under.built('FROM other.example/a:1\nRUN false\n')]);
  under.worker.acquire = async () => {
    throw new ArgonautError('Invalid', 'It cannot be built: line 2.', { details: { engineMessage: 'x' } });
  };
  const { ErrorMessage } = await under.deployed(made.releaseId, made.environmentId);
  expect(ErrorMessage).toContain('It cannot be built: line 2.');
});
