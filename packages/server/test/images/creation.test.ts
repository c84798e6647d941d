/** What a digest table has when its release or snapshot is made, and that it goes with it. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ImageLocks } from '../../src/images/locks.ts';
import { lockReleaseImages } from '../../src/releases/images.ts';
import { releasesIn } from '../../src/releases/queries.ts';
import { content, digests, type ImagesUnderTest, imagesUnderTest } from './images-under-test.ts';

let under: ImagesUnderTest;
beforeEach(async () => {
  under = await imagesUnderTest();
});
afterEach(() => under[Symbol.asyncDispose]());

describe('when a release is made', () => {
  test('every image of every environment is fixed; what a secret or a step decides is not', async () => {
    under.serves({ web: { '1': content('one'), '2': content('two') }, db: { '5': content('db') } });
    const made = await under.project([
      under.step('web:#{Tag}'),
      under.step('db:5'),
      under.step('web:#{Hidden}'),
      under.step('web:#{Octopus.Action[db:5].Output.Tag}'),
      under.step(`db@${content('db').digest}`),
    ]);
    const test = await under.environment('Test');
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
    const rows = await under.table(await under.release(made.projectId));
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
      under.step('web:1'),
      { name: 'free', script: 'true', image: 'tools/free:1' },
    ]);
    const rows = await under.table(made.releaseId);
    expect(digests(rows)).toEqual({ 'docker.io/tools/free:1': null, 'web:1': null });
    expect(rows.find(({ Image }) => Image === 'web:1').Problem).toContain('Our registry');
  });

  test('a tag that is not there is said in the table, with the nearest ones', async () => {
    under.serves({ web: { '1.2.3': content('one') } });
    const made = await under.project([under.step('web:1.2.4')]);
    expect((await under.table(made.releaseId))[0]).toMatchObject({ Digest: null, LockedBy: null });
    expect((await under.table(made.releaseId))[0].Problem).toContain('nearest tags are 1.2.3');
  });

  test('the table goes with the release', async () => {
    under.serves({ web: { '1': content('one') } });
    const made = await under.project([under.step('web:1')]);
    expect(await under.table(made.releaseId)).toHaveLength(1);
    await under.server.call('DELETE', `/api/releases/${made.releaseId}`);
    expect(
      await under.server.services.database.query.selectFrom('image_locks').selectAll().execute(),
    ).toEqual([]);
  });

  test('a release that is deleted while its registries are asked leaves no table behind', async () => {
    under.serves({ web: { '1': content('one') } });
    const { releaseId } = await under.project([under.step('web:1')]);
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

test('a runbook snapshot has a table of its own', async () => {
  under.serves({ web: { '1': content('one') } });
  const { projectId } = await under.project([under.step('web:1')]);
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
