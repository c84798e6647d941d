/** Which tasks wait for each other: `Octopus.Task.ConcurrencyTag`. */
import { describe, expect, it } from 'vitest';
import { type FakeWork, fakeWork } from './fake-work.ts';
import { makeProject } from './project-under-test.ts';

const TAG = 'Octopus.Task.ConcurrencyTag';

/** Two projects whose steps run until they are cancelled; both are deployed to one environment. */
async function twoDeployments(server: FakeWork, first: readonly object[], second: readonly object[]) {
  const steps = [{ name: 'Hang', script: 'true' }];
  const one = await makeProject(server, steps, { variables: first });
  const other = await makeProject(server, steps, { variables: second });
  const running = await server.deploy(one.releaseId, one.environmentId);
  await server.task(running.taskId, ({ State }) => State === 'Executing');
  return { running, one, other, next: await server.deploy(other.releaseId, other.environmentId) };
}

const isExecuting = ({ State }: { State: string }) => State === 'Executing';

describe('the concurrency tag', () => {
  it('makes deployments of different projects wait for each other, and tells what is waited for', async () => {
    await using server = await fakeWork(() => ({ endless: true }));
    const shared = { Name: TAG, Value: 'database of #{Octopus.Environment.Name}' };
    const { running, next } = await twoDeployments(server, [shared], [shared]);
    const { body } = await server.get(`/api/tasks/${next.taskId}/queued-behind`);
    expect(body.Items.map(({ Id }: { Id: string }) => Id)).toEqual([running.taskId]);
    await server.call('POST', `/api/tasks/${running.taskId}/cancel`);
    await server.task(next.taskId, isExecuting);
    expect((await server.task(running.taskId)).State).toBe('Canceled');
  });

  it('lets deployments of one project to one environment run side by side', async () => {
    await using server = await fakeWork(() => ({ endless: true }));
    const made = await makeProject(server, [{ name: 'Hang', script: 'true' }], {
      variables: [
        { Name: TAG.toUpperCase(), Value: '#{Octopus.Release.Number} #{Octopus.Release.Channel.Name}' },
      ],
    });
    const { body: newer } = await server.call('POST', '/api/releases', { ProjectId: made.projectId });
    const first = await server.deploy(made.releaseId, made.environmentId);
    const second = await server.deploy(newer.Id, made.environmentId);
    await server.task(first.taskId, isExecuting);
    await server.task(second.taskId, isExecuting);
  });

  it('that is the one of deployments makes another project’s deployment wait for them', async () => {
    await using server = await fakeWork(() => ({ endless: true }));
    const steps = [{ name: 'Hang', script: 'true' }];
    const one = await makeProject(server, steps);
    const Value = `#{Octopus.Deployment.Tenant.Id}/${one.projectId}/#{Octopus.Environment.Id}`;
    const other = await makeProject(server, steps, { variables: [{ Name: TAG, Value }] });
    const running = await server.deploy(one.releaseId, one.environmentId);
    await server.task(running.taskId, isExecuting);
    const next = await server.deploy(other.releaseId, other.environmentId);
    const { body } = await server.get(`/api/tasks/${next.taskId}/queued-behind`);
    expect(body.Items.map(({ Id }: { Id: string }) => Id)).toEqual([running.taskId]);
  });

  it('that does not hold here, or is empty, changes nothing', async () => {
    await using server = await fakeWork(() => ({ endless: true }));
    const elsewhere = { Name: TAG, Value: 'x', Scope: { Environment: ['Environments-99'] } };
    const { next } = await twoDeployments(server, [elsewhere], [{ Name: TAG, Value: ' ' }]);
    await server.task(next.taskId, isExecuting);
  });

  it('that cannot be evaluated is refused, and nothing is queued', async () => {
    await using server = await fakeWork();
    const made = await makeProject(server, [{ name: 'Build', script: 'true' }], {
      variables: [{ Name: TAG, Value: '#{No.Such.Name}' }],
    });
    const refused = await server.call('POST', '/api/deployments', {
      ReleaseId: made.releaseId,
      EnvironmentId: made.environmentId,
    });
    expect(refused.status).toBe(400);
    expect(refused.body.ErrorMessage).toContain(`The variable ${TAG} cannot be evaluated`);
    expect((await server.get('/api/tasks')).body.TotalResults).toBe(0);
  });

  it('that holds a secret is stored nowhere', async () => {
    await using server = await fakeWork();
    const secret = { Name: TAG, Value: 'canary of the tag', Type: 'Sensitive', IsSensitive: true };
    const made = await makeProject(server, [{ name: 'Build', script: 'true' }], { variables: [secret] });
    const { taskId } = await server.deploy(made.releaseId, made.environmentId);
    await server.task(taskId);
    const { database } = server.services;
    const rows = [
      await database.query.selectFrom('queue').selectAll().execute(),
      await database.query.selectFrom('documents').selectAll().execute(),
      await database.query.selectFrom('document_index').selectAll().execute(),
    ];
    expect(rows[0]).toHaveLength(1);
    expect(JSON.stringify(rows)).not.toContain('canary of the tag');
  });
});
