/** A digest table when its release's variables are taken anew, and when its release goes. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fixAtFirstUse } from '../../src/images/first-use.ts';
import { ImageLocks } from '../../src/images/locks.ts';
import { releaseOwner } from '../../src/images/owner.ts';
import { releasesIn } from '../../src/releases/queries.ts';
import { content, digests, type ImagesUnderTest, imagesUnderTest } from './images-under-test.ts';

let under: ImagesUnderTest;
beforeEach(async () => {
  under = await imagesUnderTest();
});
afterEach(() => under[Symbol.asyncDispose]());

const rows = () => under.server.services.database.query.selectFrom('image_locks').selectAll().execute();

describe('when variables are taken anew', () => {
  const tag = (Value: string) => ({ Name: 'Tag', Value, Type: 'String' });
  const change = async (project: string, Value: string) => {
    const url = `/api/projects/${project}/variables`;
    const set = (await under.server.get(url)).body;
    await under.server.call('PUT', url, { ...set, Variables: [tag(Value)] });
  };
  const made = () => under.project([under.step('web:#{Tag}'), under.step('db:5')], { variables: [tag('1')] });

  test('what is fixed stays, what is named now is fixed, and what nobody names any more is not told as open', async () => {
    under.serves({ web: { '2': content('two') }, db: { '5': content('db') } });
    const { projectId, releaseId } = await made();
    expect(digests(await under.table(releaseId))).toEqual({ 'db:5': content('db').digest, 'web:1': null });
    under.serves({ web: { '2': content('two') }, db: { '5': content('moved') } });
    await change(projectId, '2');
    const answer = await under.server.call('POST', `/api/releases/${releaseId}/snapshot-variables`);
    expect(answer.status).toBe(200);
    const table = await under.table(releaseId);
    expect(digests(table)).toEqual({ 'db:5': content('db').digest, 'web:2': content('two').digest });
    expect(table.map(({ LockedBy }) => LockedBy)).toEqual(['Creation', 'Creation']);
    const { body } = await under.server.get(`/api/events?regarding=${releaseId}&eventCategories=Modified`);
    expect(body.Items[0].Message).toContain('variables taken anew');
  });

  test('with a deployment, nobody waits for registries', async () => {
    under.serves({ web: { '1': content('one'), '2': content('two') }, db: { '5': content('db') } });
    const { projectId, releaseId, version } = await made();
    await change(projectId, '2');
    const answer = await under.server.call('POST', '/api/Spaces-1/deployments/create/untenanted/v1', {
      ProjectName: projectId,
      ReleaseVersion: version,
      EnvironmentNames: ['Production'],
      UpdateVariableSnapshot: true,
    });
    expect(answer.status, JSON.stringify(answer.body)).toBe(201);
    await expect
      .poll(async () => digests(await under.table(releaseId)), { timeout: 60_000 })
      .toMatchObject({ 'web:1': content('one').digest, 'web:2': content('two').digest });
  });
});

describe('when its owner goes', () => {
  test('with its project, the tables of releases and runbook snapshots go, too', async () => {
    under.serves({ web: { '1': content('one') } });
    const { projectId } = await under.project([under.step('web:1')]);
    await snapshotOf(projectId);
    expect(await rows()).toHaveLength(2);
    expect((await under.server.call('DELETE', `/api/projects/${projectId}`)).status).toBe(200);
    expect(await rows()).toEqual([]);
  });

  test('with its runbook, the table of a snapshot goes', async () => {
    under.serves({ web: { '1': content('one') } });
    const { projectId, releaseId } = await under.project([under.step('web:1')]);
    const { runbook } = await snapshotOf(projectId);
    expect((await under.server.call('DELETE', `/api/runbooks/${runbook}`)).status).toBe(200);
    expect((await rows()).map(({ owner }) => owner)).toEqual([releaseId]);
  });

  test('with a whole space, its tables go, and those of other spaces stay', async () => {
    under.serves({ web: { '1': content('one') } });
    const { releaseId } = await under.project([under.step('web:1')]);
    const { database } = under.server.services;
    const { body: space } = await under.server.call('POST', '/api/spaces', {
      Name: 'Other',
      SpaceManagersTeamMembers: ['Users-1'],
    });
    const release = { Version: '1', ProjectId: 'Projects-9' } as Parameters<
      ReturnType<typeof releasesIn>['insert']
    >[0]['document'];
    const elsewhere = await releasesIn(database).insert({ space: space.Id, document: release });
    const by = { by: 'Creation', actor: '', at: new Date(0).toISOString() } as const;
    await new ImageLocks(database).lock(elsewhere.id, { feed: '', image: 'x:1' }, content('one').digest, by);
    await under.server.call('PUT', `/api/spaces/${space.Id}`, { ...space, TaskQueueStopped: true });
    const gone = await under.server.call('DELETE', `/api/spaces/${space.Id}`);
    expect(gone.status, JSON.stringify(gone.body)).toBe(200);
    expect((await rows()).map(({ owner }) => owner)).toEqual([releaseId]);
  });

  test('a task that finds a digest later writes nothing for it, and uses what it found', async () => {
    under.serves({});
    const { releaseId } = await under.project([under.step('web:1')]);
    const { services } = under.server;
    const owner = await releaseOwner(services, releaseId, 'Spaces-1');
    await under.server.call('DELETE', `/api/releases/${releaseId}`);
    const image = { name: 'web:1', fixed: false, reference: 'r/web:1', warnings: [] };
    const { digest } = content('one');
    expect(await fixAtFirstUse(services, owner, [{ image, digest }], 'ServerTasks-1')).toEqual([digest]);
    expect(await rows()).toEqual([]);
    const { body } = await under.server.get('/api/events?eventCategories=ImageDigestLocked');
    expect(body.Items).toEqual([]);
  });

  async function snapshotOf(ProjectId: string): Promise<{ readonly runbook: string }> {
    const { body: runbook } = await under.server.call('POST', '/api/runbooks', {
      Name: 'Restart',
      ProjectId,
    });
    const process = (await under.server.get(`/api/runbookProcesses/${runbook.RunbookProcessId}`)).body;
    const { body: deployment } = await under.server.get(`/api/projects/${ProjectId}/deploymentprocesses`);
    await under.server.call('PUT', `/api/runbookProcesses/${process.Id}`, {
      ...process,
      Steps: deployment.Steps,
    });
    const made = await under.server.call('POST', '/api/runbookSnapshots?publish=true', {
      ProjectId,
      RunbookId: runbook.Id,
      Name: 'First',
    });
    expect(made.status, JSON.stringify(made.body)).toBe(201);
    return { runbook: runbook.Id };
  }
});
