/** Hold on failure as people meet it: a question with a time, its answers, its end, and what is written down of it. */
import { expect, test } from 'vitest';
import { type FakeWork, fakeWork } from './fake-work.ts';
import { makeProject, type StepWish } from './project-under-test.ts';

const MINUTES = 'Argonaut.Action.HoldOnFailure.Minutes';
const asks = (task: { HasPendingInterruptions: boolean }) => task.HasPendingInterruptions;

function failing(minutes = '30'): StepWish {
  return { name: 'work', script: 'false', image: 'alpine:3', properties: { [MINUTES]: minutes } };
}

async function held(server: FakeWork, minutes?: string) {
  const made = await makeProject(server, [failing(minutes)]);
  const { id, taskId } = await server.deploy(made.releaseId, made.environmentId);
  await server.task(taskId, asks);
  const { body } = await server.get(`/api/interruptions?regarding=${id}&pendingOnly=true`);
  return { id, taskId, interruption: body.Items[0] };
}

async function categories(server: FakeWork, regarding: string): Promise<string[]> {
  const { body } = await server.get(`/api/events?regarding=${regarding}&take=100`);
  return body.Items.map(({ Category }: { Category: string }) => Category).reverse();
}

test('a held step asks, and says which attempt is kept and until when', async () => {
  const now = new Date('2030-01-01T00:00:00.000Z');
  await using server = await fakeWork(() => ({ exit: 3 }), { now: () => now });
  const { taskId, interruption } = await held(server);
  expect(interruption).toMatchObject({
    Type: 'GuidedFailure',
    Title: 'Step "work" failed',
    HeldAttemptId: expect.stringMatching(/-s1-a1$/),
    HeldUntil: '2030-01-01T00:30:00.000+00:00',
  });
  const [, , group] = interruption.Form.Elements;
  const values = group.Control.Buttons.map(({ Value }: { Value: string }) => Value);
  expect(values).toEqual(['Fail', 'Retry', 'Ignore', 'Abort']);
  expect(await server.task(taskId, () => true)).toMatchObject({ State: 'Executing' });
  const [attempt] = server.worker.attempts.values();
  expect(attempt).toMatchObject({ phase: 'ended' });
  expect(attempt?.released).toBeUndefined();
});

test.each([
  ['Fail', 'Failed', 1],
  ['Ignore', 'Success', 1],
  ['Abort', 'Canceled', 1],
  ['Retry', 'Success', 2],
] as const)(
  'the answer %s: the task ends as %s, and nothing is held any more',
  async (answer, state, attempts) => {
    let runs = 0;
    await using server = await fakeWork(() => {
      runs += 1;
      return { exit: runs === 1 ? 1 : 0 };
    });
    const { id, taskId, interruption } = await held(server);
    const reply = await server.call('POST', `/api/interruptions/${interruption.Id}/submit`, {
      Guidance: answer,
      Notes: 'seen',
    });
    expect(reply.status).toBe(200);
    expect(await server.task(taskId)).toMatchObject({ State: state });
    expect(runs).toBe(attempts);
    const [first] = server.worker.attempts.values();
    expect(first).toMatchObject({ phase: 'finished', released: true });
    const recorded = await categories(server, id);
    expect(recorded).toEqual([
      'DeploymentQueued',
      'DeploymentStarted',
      'HoldOnFailureRaised',
      'InterruptionSubmitted',
      `Deployment${state === 'Success' ? 'Succeeded' : state}`,
    ]);
    const { body } = await server.get(`/api/events?regarding=${id}&eventCategories=InterruptionSubmitted`);
    expect(body.Items[0]).toMatchObject({
      Username: 'admin',
      Message: `"Step "work" failed" was answered: ${answer}`,
      Details: 'seen',
    });
  },
);

test('a hold that nobody ends fails the step when its time is over', async () => {
  await using server = await fakeWork(() => ({ exit: 3 }));
  const made = await makeProject(server, [failing('0.005')]);
  const { id, taskId } = await server.deploy(made.releaseId, made.environmentId);
  expect(await server.task(taskId)).toMatchObject({ State: 'Failed', HasPendingInterruptions: false });
  expect([...server.worker.attempts.values()]).toMatchObject([{ phase: 'finished', released: true }]);
  expect(await categories(server, id)).toContain('HoldOnFailureExpired');
  const { body } = await server.get(`/api/interruptions?regarding=${id}`);
  expect(body.Items).toMatchObject([{ IsPending: false }]);
});

test('a cancel ends the hold', async () => {
  await using server = await fakeWork(() => ({ exit: 3 }));
  const { taskId } = await held(server);
  await server.call('POST', `/api/tasks/${taskId}/cancel`);
  expect(await server.task(taskId)).toMatchObject({ State: 'Canceled' });
  expect([...server.worker.attempts.values()]).toMatchObject([{ phase: 'finished', released: true }]);
  expect(await categories(server, taskId)).toContain('TaskCanceled');
});

test('a held task leaves its place to others', async () => {
  await using server = await fakeWork((title) => ({ exit: title === 'work' ? 1 : 0 }), {
    settings: { taskCap: 1 },
  });
  await held(server);
  const other = await makeProject(server, [{ name: 'other', script: 'true', image: 'alpine:3' }]);
  const second = await server.deploy(other.releaseId, other.environmentId);
  expect(await server.task(second.taskId)).toMatchObject({ State: 'Success' });
});

test('whoever may not submit answers cannot end a hold', async () => {
  await using server = await fakeWork(() => ({ exit: 3 }));
  const { interruption } = await held(server);
  const user = await server.call('POST', '/api/users', { Username: 'eve', DisplayName: 'Eve' });
  const key = await server.call('POST', `/api/users/${user.body.Id}/apikeys`, { Purpose: 'x' });
  const url = `/api/Spaces-1/interruptions/${interruption.Id}/submit`;
  const reply = await server.call(
    'POST',
    url,
    { Guidance: 'Ignore' },
    { 'x-octopus-apikey': key.body.ApiKey },
  );
  expect(reply.status).toBe(403);
  expect(reply.body.ErrorMessage).toContain('InterruptionSubmit');
});
