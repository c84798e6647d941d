/** The digest table: what is fixed when a release is made, what its first use fixes, and how a person changes it. */
import { ArgonautError } from '@argonaut/contracts';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Principal } from '../../src/http/index.ts';
import { acceptCurrentDigest } from '../../src/images/accept.ts';
import { ImageLocks } from '../../src/images/locks.ts';
import { releaseOwner } from '../../src/images/owner.ts';
import { lockReleaseImages } from '../../src/releases/images.ts';
import { releasesIn } from '../../src/releases/queries.ts';
import { makeCertificate } from '../feeds/certificates.ts';
import { serve } from '../feeds/images.ts';
import { startStub } from '../feeds/stub.ts';
import { ANY, content, type ImagesUnderTest, imagesUnderTest, registrySaid } from './images-under-test.ts';

let under: ImagesUnderTest;
beforeEach(async () => {
  under = await imagesUnderTest();
});
afterEach(() => under[Symbol.asyncDispose]());

const step = (image: string, more: object = {}) => ({
  name: image,
  script: 'true',
  image,
  feed: under.feed,
  ...more,
});
const digests = (rows: { Image: string; Digest: string | null }[]) =>
  Object.fromEntries(rows.map(({ Image, Digest }) => [Image, Digest]));

async function environment(Name: string): Promise<string> {
  return (await under.server.call('POST', '/api/environments', { Name })).body.Id;
}

async function newRelease(projectId: string): Promise<string> {
  const made = await under.server.call('POST', '/api/releases/create/v1', { ProjectName: projectId });
  expect(made.status, JSON.stringify(made.body)).toBe(201);
  return made.body.ReleaseId;
}

async function deployed(releaseId: string, environmentId: string) {
  const { taskId } = await under.server.deploy(releaseId, environmentId);
  return under.server.task(taskId);
}

const accept = (release: string, body: object) =>
  under.server.call('POST', `/api/argonaut/Spaces-1/releases/${release}/images/accept-current-digest`, body);

describe('when a release is made', () => {
  test('every image of every environment is fixed; what a secret or a step decides is not', async () => {
    under.serves({ web: { '1': content('one'), '2': content('two') }, db: { '5': content('db') } });
    const made = await under.project([
      step('web:#{Tag}'),
      step('db:5'),
      step('web:#{Hidden}'),
      step('web:#{Octopus.Action[db:5].Output.Tag}'),
      step(`db@${content('db').digest}`),
    ]);
    const test = await environment('Test');
    const set = (await under.server.get(`/api/projects/${made.projectId}/variables`)).body;
    const variable = (Name: string, Value: string, more: object) => ({
      Name,
      Value,
      Type: 'String',
      ...more,
    });
    await under.server.call('PUT', `/api/projects/${made.projectId}/variables`, {
      ...set,
      Variables: [
        variable('Tag', '1', { Scope: { Environment: [test] } }),
        variable('Tag', '2', { Scope: { Environment: [made.environmentId] } }),
        variable('Hidden', '7', { IsSensitive: true, Type: 'Sensitive' }),
      ],
    });
    const rows = await under.table(await newRelease(made.projectId));
    expect(digests(rows)).toEqual({
      'db:5': content('db').digest,
      'web:1': content('one').digest,
      'web:2': content('two').digest,
    });
    expect(rows[0]).toMatchObject({
      FeedId: under.feed,
      FeedName: 'Our registry',
      LockedBy: 'Creation',
      Actor: '',
    });
  });

  test('a registry that does not answer costs no more than ten seconds, and not the release', async () => {
    // Nobody ever answers: without the limit the client itself would give up after two minutes.
    under.stub.handler = () => {};
    const made = await under.project([
      step('web:1'),
      { name: 'free', script: 'true', image: 'tools/free:1' },
    ]);
    const rows = await under.table(made.releaseId);
    expect(digests(rows)).toEqual({ 'docker.io/tools/free:1': null, 'web:1': null });
    expect(rows.find(({ Image }) => Image === 'web:1').Problem).toContain('Our registry');
  });

  test('a tag that is not there is said in the table, with the nearest ones', async () => {
    under.serves({ web: { '1.2.3': content('one') } });
    const made = await under.project([step('web:1.2.4')]);
    expect((await under.table(made.releaseId))[0]).toMatchObject({ Digest: null, LockedBy: null });
    expect((await under.table(made.releaseId))[0].Problem).toContain('nearest tags are 1.2.3');
  });

  test('the table goes with the release', async () => {
    under.serves({ web: { '1': content('one') } });
    const made = await under.project([step('web:1')]);
    expect(await under.table(made.releaseId)).toHaveLength(1);
    await under.server.call('DELETE', `/api/releases/${made.releaseId}`);
    expect(
      await under.server.services.database.query.selectFrom('image_locks').selectAll().execute(),
    ).toEqual([]);
  });

  test('a release that is deleted while its registries are asked leaves no table behind', async () => {
    under.serves({ web: { '1': content('one') } });
    const { releaseId } = await under.project([step('web:1')]);
    const { services } = under.server;
    const stored = await releasesIn(services.database).get(releaseId, 'Spaces-1');
    const rows = () => services.database.query.selectFrom('image_locks').selectAll().execute();
    await new ImageLocks(services.database).forget(releaseId);
    const answer = under.stub.handler;
    let deleted: Promise<unknown> | undefined;
    under.stub.handler = (sent, response, request) => {
      deleted ??= under.server.call('DELETE', `/api/releases/${releaseId}`);
      void deleted.then(() => answer(sent, response, request));
    };
    await lockReleaseImages(services, stored);
    expect(await deleted).toMatchObject({ status: 200 });
    expect(await rows()).toEqual([]);
  });
});

describe('when a task runs', () => {
  test('what was fixed is asked for by its digest, whatever the tag is meanwhile', async () => {
    under.serves({ web: { '1': content('one') } });
    const made = await under.project([step('web:1')]);
    under.serves({ web: { '1': content('two') } });
    under.worker.registry = ({ digest }) => digest ?? content('two').digest;
    expect(await deployed(made.releaseId, made.environmentId)).toMatchObject({ State: 'Success' });
    expect(under.worker.asked.map(({ digest }) => digest)).toEqual([content('one').digest]);
  });

  test('its first use fixes the rest, and the next environment gets the same', async () => {
    under.stub.handler = (_sent, response) => response.destroy();
    const made = await under.project([step('web:1')]);
    const test = await environment('Test');
    under.worker.registry = ({ digest }) => digest ?? content('one').digest;
    await deployed(made.releaseId, made.environmentId);
    const [row] = await under.table(made.releaseId);
    expect(row).toMatchObject({ Digest: content('one').digest, LockedBy: 'FirstUse', Problem: null });
    expect(row.Actor).toMatch(/^ServerTasks-/);
    const { body } = await under.server.get(
      `/api/events?regarding=${made.releaseId}&eventCategories=ImageDigestLocked`,
    );
    expect(body.Items).toMatchObject([
      { Username: 'system', RelatedDocumentIds: expect.arrayContaining([row.Actor]) },
    ]);
    under.worker.registry = ({ digest }) => digest ?? content('two').digest;
    await deployed(made.releaseId, test);
    expect(under.worker.asked.at(-1)?.digest).toBe(content('one').digest);
  });

  test('of two tasks that use it first at the same moment, both run what one of them fixed', async () => {
    under.stub.handler = (_sent, response) => response.destroy();
    const made = await under.project([step('web:1')]);
    const test = await environment('Test');
    // Both have asked for the tag before either gets its answer, and each gets another one: the tag moves in between.
    const both = Promise.withResolvers<void>();
    let tags = 0;
    under.worker.registry = async ({ digest }) => {
      if (digest !== undefined) return digest;
      tags += 1;
      const own = content(`content ${tags}`).digest;
      if (tags === 2) both.resolve();
      await both.promise;
      return own;
    };
    const tasks = [
      await under.server.deploy(made.releaseId, made.environmentId),
      await under.server.deploy(made.releaseId, test),
    ];
    for (const { taskId } of tasks)
      expect(await under.server.task(taskId)).toMatchObject({ State: 'Success' });
    const [row] = await under.table(made.releaseId);
    const used = [...under.worker.attempts.values()].map(({ spec }) =>
      spec.place.kind === 'container' ? spec.place.image.digest : undefined,
    );
    expect(used).toEqual([row.Digest, row.Digest]);
    const logs = await Promise.all(tasks.map(({ taskId }) => under.log(taskId)));
    expect(logs.filter((log) => log.includes('Another task has fixed'))).toHaveLength(1);
  });

  test('a pool may narrow when images are pulled, and has the first word when a step says nothing', async () => {
    under.serves({ web: { '1': content('one') } });
    const [pool] = (await under.server.get('/api/workerpools/all')).body;
    const ImagePolicies = ['IfNotPresent', 'Always'];
    await under.server.call('PUT', `/api/argonaut/Spaces-1/workerpools/${pool.Id}/policy`, { ImagePolicies });
    const made = await under.project([step('web:1')]);
    await deployed(made.releaseId, made.environmentId);
    expect(under.worker.asked[0]?.policy).toBe('if-not-present');
    const never = await under.project([
      step('web:1', { properties: { 'Argonaut.Action.ImagePolicy': 'Never' } }),
    ]);
    const task = await deployed(never.releaseId, never.environmentId);
    expect(task.ErrorMessage).toContain('it allows only IfNotPresent, Always');
  });
});

describe('what a task says when an image cannot be had', () => {
  const failed = async (image: string, feed = under.feed) => {
    const made = await under.project([step(image, { feed })]);
    const task = await deployed(made.releaseId, made.environmentId);
    expect(task.State).toBe('Failed');
    return task.ErrorMessage as string;
  };
  const engineSays = (...said: Parameters<typeof registrySaid>) => {
    under.worker.registry = () => {
      throw registrySaid(...said);
    };
  };

  test('an unknown tag: the feed, the image and the nearest tags', async () => {
    under.serves({ web: { '1.2.3': content('one') } });
    engineSays('NotFound', 'manifest unknown');
    expect(await failed('web:1.2.4')).toMatch(
      /the feed "Our registry" .* has the image "web".*nearest tags are 1\.2\.3/,
    );
  });

  test('an unknown image', async () => {
    engineSays('NotFound', 'manifest unknown');
    expect(await failed('none:1')).toMatch(/the feed "Our registry" .* has no image "none"/);
  });

  test('credentials that are wanted', async () => {
    under.stub.handler = (_sent, response) => {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="r"' }).end();
    };
    engineSays('Unauthorised', 'no basic auth credentials');
    expect(await failed('web:1')).toMatch(
      /the feed "Our registry" .* wants credentials for the image "web:1"/,
    );
  });

  test('a limit, and until when', async () => {
    under.stub.handler = (_sent, response) => {
      response.writeHead(429, { 'retry-after': '3600' }).end();
    };
    engineSays('Unavailable', 'toomanyrequests');
    expect(await failed('web:1')).toMatch(
      /the feed "Our registry" .* is limiting our requests.* limited until 2\d\d\d-/,
    );
  });

  test('a registry that nobody reaches', async () => {
    under.stub.handler = (_sent, response) => response.destroy();
    engineSays('InfrastructureFailure', 'connection refused');
    expect(await failed('web:1')).toMatch(/The registry of the feed "Our registry" \(http:\/\/127/);
  });

  test('a certificate that nobody vouches for', async () => {
    await using tls = await startStub(
      serve({}),
      makeCertificate({ commonName: 'localhost', hosts: ['localhost'] }),
    );
    const FeedUri = `https://localhost:${tls.port}`;
    const made = await under.server.call('POST', '/api/feeds', {
      Name: 'Closed registry',
      FeedType: 'Docker',
      FeedUri,
      DownloadAttempts: 1,
    });
    engineSays('InfrastructureFailure', 'x509: certificate signed by unknown authority');
    expect(await failed('web:1', made.body.Id)).toMatch(/the feed "Closed registry" .*certificate/);
  });

  test('a registry that only the server reaches: the worker is named', async () => {
    under.serves({ web: { '1': content('one') } });
    engineSays('InfrastructureFailure', 'x509: certificate signed by unknown authority');
    expect(await failed('web:1')).toMatch(
      /The worker "worker one" does not get .* the server finds it there.*x509/,
    );
  });

  test('an engine that does not answer: it is waited for once, then the worker and the image are named', async () => {
    under.serves({ web: { '1': content('one') } });
    under.worker.registry = () => {
      const details = { connection: 'ECONNREFUSED' };
      throw new ArgonautError('InfrastructureFailure', 'No answer from the engine.', { details });
    };
    const message = await failed('web:1');
    expect(message).toMatch(
      /image web:1 could not be fetched, because the engine of the worker "worker one" does not/,
    );
    expect(under.worker.asked).toHaveLength(2);
  });

  test('a registry that only the worker reaches: its answer counts', async () => {
    under.stub.handler = (_sent, response) => response.destroy();
    engineSays('NotFound', 'manifest unknown');
    expect(await failed('web:1')).toMatch(
      /"web:1" of the feed "Our registry" cannot be had.*manifest unknown/,
    );
  });
});

describe('a digest that is gone', () => {
  test('has a name and a way out: the current one is accepted, audited, and runs', async () => {
    under.serves({ web: { '1': content('one') } });
    const made = await under.project([step('web:1')]);
    under.serves({ web: { '1': content('two') } });
    under.worker.registry = ({ digest }) => {
      if (digest === content('two').digest) return digest;
      throw registrySaid('NotFound', 'manifest unknown');
    };
    const task = await deployed(made.releaseId, made.environmentId);
    const path = `/api/argonaut/Spaces-1/releases/${made.releaseId}/images/accept-current-digest`;
    for (const part of [
      `release ${made.version}`,
      'feed "Our registry"',
      '"web:1"',
      content('one').digest,
      path,
      'worker one',
    ])
      expect(task.ErrorMessage).toContain(part);

    const accepted = await accept(made.releaseId, { FeedId: under.feed, Image: 'web:1' });
    expect(accepted).toMatchObject({
      status: 200,
      body: { Digest: content('two').digest, PreviousDigest: content('one').digest, LockedBy: 'Accepted' },
    });
    expect(await deployed(made.releaseId, made.environmentId)).toMatchObject({ State: 'Success' });
    const { body } = await under.server.get(
      `/api/events?regarding=${made.releaseId}&eventCategories=ImageDigestAccepted,Modified`,
    );
    expect(body.Items).toMatchObject([{ Category: 'ImageDigestAccepted' }]);
    expect(body.Items[0].Message).toContain(content('two').digest);
  });

  test('is left to its next use where the server does not reach the registry', async () => {
    under.serves({ web: { '1': content('one') } });
    const made = await under.project([step('web:1')]);
    under.stub.handler = (_sent, response) => response.destroy();
    expect((await accept(made.releaseId, { FeedId: under.feed, Image: 'web:1' })).status).toBe(503);
    const open = await accept(made.releaseId, { FeedId: under.feed, Image: 'web:1', AtNextUse: true });
    expect(open.body).toMatchObject({ Digest: null, PreviousDigest: content('one').digest });
    under.worker.registry = ({ digest }) => digest ?? ANY.digest;
    await deployed(made.releaseId, made.environmentId);
    expect(digests(await under.table(made.releaseId))).toEqual({ 'web:1': ANY.digest });
  });

  test('is not asked for when the caller has left', async () => {
    under.serves({ web: { '1': content('one') } });
    const made = await under.project([step('web:1')]);
    under.serves({ web: { '1': content('two') } });
    const { services } = under.server;
    const acceptance = {
      feed: under.feed,
      image: 'web:1',
      atNextUse: false,
      by: { id: 'Users-1' } as Principal,
    };
    const owner = await releaseOwner(services, made.releaseId, 'Spaces-1');
    const left = AbortSignal.abort(new Error('left'));
    await expect(acceptCurrentDigest(services, owner, acceptance, left)).rejects.toThrow('left');
    expect(digests(await under.table(made.releaseId))).toEqual({ 'web:1': content('one').digest });
  });

  test('is accepted only where it is known, and by those who may change the release', async () => {
    under.serves({ web: { '1': content('one') } });
    const made = await under.project([step('web:1')]);
    const unknown = await accept(made.releaseId, { FeedId: under.feed, Image: 'web:2' });
    expect(unknown.status).toBe(404);
    expect(unknown.body.ErrorMessage).toContain('It has "web:1"');
    const same = await accept(made.releaseId, { FeedId: under.feed, Image: 'web:1' });
    expect(same.body).toMatchObject({ LockedBy: 'Creation', PreviousDigest: null });
    const anonymous = await under.server.inject({
      method: 'POST',
      url: `/api/argonaut/Spaces-1/releases/${made.releaseId}/images/accept-current-digest`,
      payload: { Image: 'web:1' },
    });
    expect(anonymous.status).toBe(401);
  });
});

test('a runbook snapshot has a table of its own', async () => {
  under.serves({ web: { '1': content('one') } });
  const { projectId } = await under.project([step('web:1')]);
  const runbook = (
    await under.server.call('POST', '/api/runbooks', { Name: 'Restart', ProjectId: projectId })
  ).body;
  const process = (await under.server.get(`/api/runbookProcesses/${runbook.RunbookProcessId}`)).body;
  const { body: deployment } = await under.server.get(`/api/projects/${projectId}/deploymentprocesses`);
  await under.server.call('PUT', `/api/runbookProcesses/${process.Id}`, {
    ...process,
    Steps: deployment.Steps,
  });
  const snapshot = await under.server.call('POST', '/api/runbookSnapshots?publish=true', {
    ProjectId: projectId,
    RunbookId: runbook.Id,
    Name: 'First',
  });
  expect(snapshot.status, JSON.stringify(snapshot.body)).toBe(201);
  const table = await under.server.get(snapshot.body.Links.Images);
  expect(digests(table.body.Items)).toEqual({ 'web:1': content('one').digest });
});
