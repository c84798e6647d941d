/** Interruptions: a task asks a person, gives its place to others meanwhile, and goes on with the answer. */
import { expect, test } from 'vitest';
import { type FakeWork, fakeWork } from './fake-work.ts';
import { makeProject, type StepWish } from './project-under-test.ts';

const approval: StepWish = {
  name: 'Approve',
  type: 'Octopus.Manual',
  properties: { 'Octopus.Action.Manual.Instructions': 'Look at #{Octopus.Environment.Name} first.' },
};
const work: StepWish = { name: 'work', script: 'true', image: 'alpine:3' };

async function pending(server: FakeWork, regarding: string) {
  const { body } = await server.get(`/api/interruptions?regarding=${regarding}&pendingOnly=true`);
  expect(body.Items).toHaveLength(1);
  return body.Items[0];
}

const asks = (task: { HasPendingInterruptions: boolean }) => task.HasPendingInterruptions;

test('a manual intervention waits for a person, and the task goes on after Proceed', async () => {
  await using server = await fakeWork();
  const made = await makeProject(server, [approval, work]);
  const { id, taskId } = await server.deploy(made.releaseId, made.environmentId);
  const waiting = await server.task(taskId, asks);
  expect(waiting).toMatchObject({ State: 'Executing', PendingInterruptionTypes: ['ManualIntervention'] });
  const interruption = await pending(server, id);
  expect(interruption).toMatchObject({
    Title: 'Approve',
    Type: 'ManualIntervention',
    TaskId: taskId,
    IsPending: true,
    CanTakeResponsibility: true,
    HasResponsibility: false,
  });
  const [text, , group] = interruption.Form.Elements;
  expect(text.Control).toMatchObject({ Type: 'Paragraph', Text: 'Look at Production first.' });
  expect(group.Control.Buttons.map(({ Value }: { Value: string }) => Value)).toEqual(['Proceed', 'Abort']);

  const url = `/api/interruptions/${interruption.Id}`;
  expect((await server.call('PUT', `${url}/responsible`)).body.Username).toBe('admin');
  expect((await server.get(`${url}/responsible`)).body.Username).toBe('admin');
  const wrong = await server.call('POST', `${url}/submit`, { Result: 'Perhaps' });
  expect(wrong.status).toBe(400);
  expect(wrong.body.ErrorMessage).toMatch(/"Perhaps" is not an answer.*Proceed, Abort/);

  const submitted = await server.call('POST', `${url}/submit`, { Result: 'Proceed', Notes: 'fine' });
  expect(submitted.body).toMatchObject({ IsPending: false, HasResponsibility: true });
  expect(await server.task(taskId)).toMatchObject({ State: 'Success', HasPendingInterruptions: false });
  expect([...server.worker.attempts.values()].map(({ spec }) => spec.title)).toEqual(['work']);
  expect((await server.call('POST', `${url}/submit`, { Result: 'Abort' })).status).toBe(409);
});

test('Abort fails the task, and nothing after it runs', async () => {
  await using server = await fakeWork();
  const made = await makeProject(server, [approval, work]);
  const { id, taskId } = await server.deploy(made.releaseId, made.environmentId);
  await server.task(taskId, asks);
  const { Id } = await pending(server, id);
  await server.call('POST', `/api/interruptions/${Id}/submit`, { result: 'abort', notes: 'not today' });
  expect(await server.task(taskId)).toMatchObject({ State: 'Failed' });
  expect(server.worker.attempts.size).toBe(0);
});

test('a task that waits for a person leaves its place to others', async () => {
  await using server = await fakeWork(undefined, { settings: { taskCap: 1 } });
  const asking = await makeProject(server, [approval]);
  const working = await makeProject(server, [work]);
  const first = await server.deploy(asking.releaseId, asking.environmentId);
  await server.task(first.taskId, asks);
  const second = await server.deploy(working.releaseId, working.environmentId);
  expect(await server.task(second.taskId)).toMatchObject({ State: 'Success' });
});

test('a cancelled task takes its question back', async () => {
  await using server = await fakeWork();
  const made = await makeProject(server, [approval]);
  const { id, taskId } = await server.deploy(made.releaseId, made.environmentId);
  await server.task(taskId, asks);
  await server.call('POST', `/api/tasks/${taskId}/cancel`);
  expect(await server.task(taskId)).toMatchObject({ State: 'Canceled', HasPendingInterruptions: false });
  const { body } = await server.get(`/api/interruptions?regarding=${id}`);
  expect(body.Items).toMatchObject([{ IsPending: false }]);
});

test('guided failure asks what to do with a step that failed; Retry makes a new attempt', async () => {
  let runs = 0;
  await using server = await fakeWork(() => {
    runs += 1;
    return { exit: runs === 1 ? 1 : 0 };
  });
  const made = await makeProject(server, [work]);
  const { id, taskId } = await server.deploy(made.releaseId, made.environmentId, { UseGuidedFailure: true });
  await server.task(taskId, asks);
  const interruption = await pending(server, id);
  expect(interruption.Type).toBe('GuidedFailure');
  await server.call('POST', `/api/interruptions/${interruption.Id}/submit`, { Guidance: 'Retry' });
  expect(await server.task(taskId)).toMatchObject({ State: 'Success' });
  expect(runs).toBe(2);
});

test('a question for a team is answered by its members only', async () => {
  await using server = await fakeWork();
  const { body: team } = await server.call('POST', '/api/teams', { Name: 'Approvers', MemberUserIds: [] });
  const user = await server.call('POST', '/api/users', {
    Username: 'eve',
    DisplayName: 'Eve',
    EmailAddress: 'eve@example.org',
    Password: 'a long enough password',
  });
  const { body: key } = await server.call('POST', `/api/users/${user.body.Id}/apikeys`, { Purpose: 'test' });
  const { body: space } = await server.get('/api/spaces/Spaces-1');
  await server.call('PUT', '/api/spaces/Spaces-1', {
    ...space,
    SpaceManagersTeamMembers: [...space.SpaceManagersTeamMembers, user.body.Id],
  });
  const properties = {
    ...approval.properties,
    'Octopus.Action.Manual.ResponsibleTeamIds': team.Id,
  };
  const made = await makeProject(server, [{ ...approval, properties }]);
  const { id, taskId } = await server.deploy(made.releaseId, made.environmentId);
  await server.task(taskId, asks);
  const { Id, ResponsibleTeamIds } = await pending(server, id);
  expect(ResponsibleTeamIds).toEqual([team.Id]);
  const submit = () =>
    server.call(
      'POST',
      `/api/interruptions/${Id}/submit`,
      { Result: 'Proceed' },
      { 'x-octopus-apikey': key.ApiKey },
    );
  const refused = await submit();
  expect(refused.status).toBe(403);
  expect(refused.body.ErrorMessage).toMatch(/is for "Approvers"/);
  await server.call('PUT', `/api/teams/${team.Id}`, { ...team, MemberUserIds: [user.body.Id] });
  expect((await submit()).status).toBe(200);
  expect(await server.task(taskId)).toMatchObject({ State: 'Success' });
});
