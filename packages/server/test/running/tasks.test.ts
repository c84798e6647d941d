/** Tasks: their way through the queue, their log, and their end in every state. */

import { setTimeout as sleep } from 'node:timers/promises';
import { timestamp } from '@argonaut/contracts/rest';
import { expect, test } from 'vitest';
import { testServer } from '../support.ts';
import { fakeWork } from './fake-work.ts';
import { makeProject } from './project-under-test.ts';

const hello = () => ({ writes: [{ stream: 'stdout', text: 'hello\n' }] }) as const;
const endless = () => ({ endless: true });
const step = { name: 'say hello', script: 'echo hello', image: 'alpine:3' };

test('a deployment becomes a task, runs, and leaves a log as tree, text and figures', async () => {
  await using server = await fakeWork(hello);
  const made = await makeProject(server, [step], { name: 'Shop' });
  const { id, taskId } = await server.deploy(made.releaseId, made.environmentId);
  const task = await server.task(taskId);
  expect(task).toMatchObject({
    Name: 'Deploy',
    Description: `Deploy Shop release ${made.version} to Production`,
    State: 'Success',
    Arguments: { DeploymentId: id },
    ErrorMessage: '',
    FinishedSuccessfully: true,
    HasBeenPickedUpByProcessor: true,
    HasWarningsOrErrors: false,
    ProjectId: made.projectId,
  });
  expect(Date.parse(task.CompletedTime)).toBeGreaterThanOrEqual(Date.parse(task.StartTime));

  const { body: details } = await server.get(`/api/tasks/${taskId}/details`);
  const [root] = details.ActivityLogs;
  expect(root).toMatchObject({ Name: task.Description, Status: 'Success' });
  const shown = root.Children.find(({ Name }: { Name: string }) => Name.includes('say hello'));
  expect(shown.Children[0].LogElements).toContainEqual(
    expect.objectContaining({ Category: 'Info', MessageText: 'hello' }),
  );
  expect(details.Progress.ProgressPercentage).toBe(100);

  const raw = await server.get(`/api/spaces/Spaces-1/tasks/${taskId}/raw`);
  expect(raw.headers['content-type']).toMatch(/^text\/plain/);
  expect(raw.raw.toString()).toMatch(/Info +\| hello\n/);

  const { body: where } = await server.get(`/api/argonaut/tasks/${taskId}/where`);
  const attempt = where.Activities.find(({ Kind }: { Kind: string }) => Kind === 'attempt');
  expect(attempt.Timings).toMatchObject({ create: 1 });
  for (const phase of ['queue', 'resolve', 'wait', 'confirm']) {
    expect(attempt.Timings[phase]).toBeGreaterThanOrEqual(0);
  }
  expect(where.Duration).toBeGreaterThanOrEqual(0);
});

test('the log streams while it is written, ends with the task, and resumes behind what was read', async () => {
  await using server = await fakeWork(hello);
  const made = await makeProject(server, [step]);
  const { taskId } = await server.deploy(made.releaseId, made.environmentId);
  const url = `/api/argonaut/tasks/${taskId}/log`;
  const whole = eventsOf((await server.get(url)).raw.toString());
  expect(whole.at(-1)).toMatchObject({ event: 'end', data: { state: 'Success' } });
  const text = whole.findIndex(({ event, data }) => event === 'text' && data.text === 'hello\n');
  expect(text).toBeGreaterThan(0);
  for (const seen of [0, text, whole.length - 2]) {
    const resumed = await server.get(url, { 'last-event-id': String(whole[seen]?.id) });
    expect(eventsOf(resumed.raw.toString())).toEqual(whole.slice(seen + 1));
  }
});

test('one task at a time for a project and environment; the next one says what it waits for', async () => {
  await using server = await fakeWork(endless);
  const made = await makeProject(server, [step]);
  const other = await makeProject(server, [step]);
  const first = await server.deploy(made.releaseId, made.environmentId);
  const second = await server.deploy(made.releaseId, made.environmentId);
  const elsewhere = await server.deploy(other.releaseId, other.environmentId);
  await server.task(first.taskId, ({ State }) => State === 'Executing');
  await server.task(elsewhere.taskId, ({ State }) => State === 'Executing');
  expect(await server.task(second.taskId, () => true)).toMatchObject({ State: 'Queued' });
  const behind = await server.get(`/api/tasks/${second.taskId}/queued-behind`);
  expect(behind.body.Items.map(({ Id }: { Id: string }) => Id)).toEqual([first.taskId]);

  const cancelled = await server.call('POST', `/api/tasks/${first.taskId}/cancel`, {});
  expect(cancelled.body.State).toBe('Cancelling');
  expect(await server.task(first.taskId)).toMatchObject({ State: 'Canceled', IsCompleted: true });
  await server.task(second.taskId, ({ State }) => State === 'Executing');
  expect((await server.get(`/api/tasks/${second.taskId}/queued-behind`)).body.Items).toEqual([]);
});

test('no more tasks at once than the cap', async () => {
  await using server = await fakeWork(endless, { settings: { taskCap: 2 } });
  const tasks: string[] = [];
  for (let index = 0; index < 3; index += 1) {
    const made = await makeProject(server, [step]);
    tasks.push((await server.deploy(made.releaseId, made.environmentId)).taskId);
  }
  const [first = '', second = '', third = ''] = tasks;
  for (const id of [first, second]) await server.task(id, ({ State }) => State === 'Executing');
  expect(await server.task(third, () => true)).toMatchObject({ State: 'Queued' });
  await server.call('POST', `/api/tasks/${second}/cancel`);
  await server.task(third, ({ State }) => State === 'Executing');
});

test('a waiting task is cancelled at once, and one that is over stays as it is', async () => {
  await using server = await fakeWork(hello);
  const made = await makeProject(server, [step]);
  const QueueTime = new Date(Date.now() + 3_600_000).toISOString();
  const { taskId } = await server.deploy(made.releaseId, made.environmentId, { QueueTime });
  const cancelled = await server.call('POST', `/api/spaces/Spaces-1/tasks/${taskId}/cancel`);
  expect(cancelled.body).toMatchObject({ State: 'Canceled', IsCompleted: true, StartTime: null });
  expect(cancelled.body.ErrorMessage).toMatch(/cancelled by admin before it started/);
  expect((await server.call('POST', `/api/tasks/${taskId}/cancel`)).body).toEqual(cancelled.body);
  expect(server.worker.attempts.size).toBe(0);
});

test('a scheduled task starts when its time has come, to the millisecond, and not before', async () => {
  await using server = await fakeWork(hello);
  const made = await makeProject(server, [step]);
  const QueueTime = timestamp(new Date(Date.now() + 700));
  const { taskId } = await server.deploy(made.releaseId, made.environmentId, { QueueTime });
  expect(await server.task(taskId, () => true)).toMatchObject({ State: 'Queued', QueueTime });
  const task = await server.task(taskId);
  expect(task.State).toBe('Success');
  expect(Date.parse(task.StartTime)).toBeGreaterThanOrEqual(Date.parse(QueueTime));
});

test('a task that could not start in time is over', async () => {
  await using server = await fakeWork(endless);
  const made = await makeProject(server, [step]);
  const first = await server.deploy(made.releaseId, made.environmentId);
  await server.task(first.taskId, ({ State }) => State === 'Executing');
  const QueueTimeExpiry = new Date(Date.now() + 300).toISOString();
  const late = await server.deploy(made.releaseId, made.environmentId, { QueueTimeExpiry });
  const task = await server.task(late.taskId);
  expect(task).toMatchObject({ State: 'TimedOut', StartTime: null, FinishedSuccessfully: false });
  expect(task.ErrorMessage).toContain(QueueTimeExpiry);
});

test('a script that fails fails the task, with its own words', async () => {
  await using server = await fakeWork(() => ({
    writes: [{ stream: 'stderr', text: 'no space\n' }],
    resultMessage: 'There is no space left on the target.',
    exit: 3,
  }));
  const made = await makeProject(server, [step, { ...step, name: 'never' }]);
  const { id, taskId } = await server.deploy(made.releaseId, made.environmentId);
  const task = await server.task(taskId);
  expect(task).toMatchObject({ State: 'Failed', HasWarningsOrErrors: true });
  expect(task.ErrorMessage).toContain('There is no space left on the target.');
  expect((await server.get(`/api/deployments/${id}`)).body.FailureEncountered).toBe(true);

  const wrong = await server.call('POST', `/api/tasks/${taskId}/state`, { state: 'Queued', reason: 'x' });
  expect(wrong.status).toBe(400);
  const decided = await server.call('POST', `/api/tasks/${taskId}/state`, {
    state: 'Success',
    reason: 'done by hand',
  });
  expect(decided.body).toMatchObject({ State: 'Success', FinishedSuccessfully: true });
});

test('lists find tasks by state, project, environment, kind and activity', async () => {
  await using server = await fakeWork((title) => (title === 'hangs' ? endless() : hello()));
  const quick = await makeProject(server, [step]);
  const slow = await makeProject(server, [{ ...step, name: 'hangs' }]);
  const done = await server.deploy(quick.releaseId, quick.environmentId);
  const open = await server.deploy(slow.releaseId, slow.environmentId);
  await server.task(done.taskId);
  await server.task(open.taskId, ({ State }) => State === 'Executing');
  const ids = async (query: string) =>
    (await server.get(`/api/tasks?${query}`)).body.Items.map(({ Id }: { Id: string }) => Id);
  expect(await ids('take=10')).toEqual([open.taskId, done.taskId]);
  expect(await ids('active=true')).toEqual([open.taskId]);
  expect(await ids('running=true')).toEqual([open.taskId]);
  expect(await ids('states=Success,Failed')).toEqual([done.taskId]);
  expect(await ids('active=true&states=Success')).toEqual([]);
  expect(await ids(`project=${quick.projectId}`)).toEqual([done.taskId]);
  expect(await ids(`environment=${slow.environmentId}&name=Deploy`)).toEqual([open.taskId, done.taskId]);
  expect(await ids('name=Health')).toEqual([]);
  expect(await ids(`ids=${done.taskId}`)).toEqual([done.taskId]);
});

test('a health check is a task of the server, and can be run again', async () => {
  await using server = await fakeWork();
  const made = await server.call('POST', '/api/tasks', { Name: 'health' });
  expect(made.status).toBe(201);
  expect(made.body).toMatchObject({ Name: 'Health', State: 'Queued' });
  const first = await server.task(made.body.Id);
  expect(first.CanRerun).toBe(true);
  const again = await server.call('POST', `/api/tasks/rerun/${first.Id}`);
  expect(again.status).toBe(201);
  expect(again.body.Id).not.toBe(first.Id);
  await server.task(again.body.Id);
});

test('a space whose queue is stopped starts nothing new', async () => {
  await using server = await fakeWork(hello);
  const made = await makeProject(server, [step]);
  const { body: space } = await server.get('/api/spaces/Spaces-1');
  await server.call('PUT', '/api/spaces/Spaces-1', { ...space, TaskQueueStopped: true });
  const { taskId } = await server.deploy(made.releaseId, made.environmentId);
  await sleep(50);
  expect(await server.task(taskId, () => true)).toMatchObject({ State: 'Queued' });
  await server.call('PUT', '/api/spaces/Spaces-1', { ...space, TaskQueueStopped: false });
  expect(await server.task(taskId)).toMatchObject({ State: 'Success' });
});

test('unknown tasks are 404 under every prefix', async () => {
  await using server = await testServer();
  for (const path of ['/api/tasks/ServerTasks-9', '/api/Spaces-1/tasks/ServerTasks-9/details']) {
    expect((await server.get(path)).status).toBe(404);
  }
});

interface Event {
  readonly id?: string;
  readonly event: string;
  // biome-ignore lint/suspicious/noExplicitAny: events of every shape.
  readonly data: any;
}

function eventsOf(text: string): readonly Event[] {
  return text
    .split('\n\n')
    .filter((block) => block.includes('event: '))
    .map((block) => {
      const fields = Object.fromEntries(
        block
          .split('\n')
          .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
      );
      return { ...fields, event: fields.event ?? '', data: JSON.parse(fields.data ?? 'null') };
    });
}
