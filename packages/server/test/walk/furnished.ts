/** A server on which there is one of everything that people make, and tasks that ended in every way. */
import { timestamp } from '@argonaut/contracts/rest';
import { type FakeWork, fakeWork } from '../running/fake-work.ts';
import { makeProject, wireStep } from '../running/project-under-test.ts';

const BOUNDARY = 'a-boundary';

export async function furnishedServer(): Promise<FakeWork> {
  const server = await fakeWork((title) => ({
    writes: [{ stream: 'stdout', text: 'something\n' }],
    exit: title === 'Fail' ? 1 : 0,
  }));
  const make = async (url: string, body?: unknown, headers?: Record<string, string>) => {
    const reply = await server.call('POST', url, body, headers);
    if (reply.status >= 300) throw new Error(`${url}: ${reply.status} ${JSON.stringify(reply.body)}`);
    return reply.body;
  };
  await make('/api/feeds', { Name: 'Charts', FeedType: 'Helm', FeedUri: 'https://charts.example' });
  await make('/api/accounts', { Name: 'Login', AccountType: 'UsernamePassword', Username: 'somebody' });
  await make('/api/libraryvariablesets', { Name: 'Shared' });
  await make('/api/teams', { Name: 'Approvers', MemberUserIds: [] });
  const [pool] = (await server.get('/api/workerpools/all')).body;
  await make('/api/workers', {
    Name: 'one',
    Endpoint: { CommunicationStyle: 'None' },
    WorkerPoolIds: [pool.Id],
    SkipInitialHealthCheck: true,
  });
  const me = (await server.get('/api/users/me')).body;
  await make(`/api/users/${me.Id}/apikeys`, { Purpose: 'walk' });
  await pushPackage(make);

  const approval = {
    name: 'Approve',
    type: 'Octopus.Manual',
    properties: { 'Octopus.Action.Manual.Instructions': 'Look.' },
  };
  const made = await makeProject(server, [approval, { name: 'Work', script: 'true', image: 'alpine:3' }]);
  const { taskId } = await server.deploy(made.releaseId, made.environmentId);
  await server.task(taskId, (task) => task.HasPendingInterruptions);
  const [interruption] = (await server.get('/api/interruptions?pendingOnly=true')).body.Items;
  await make(`/api/interruptions/${interruption.Id}/submit`, { Result: 'Proceed' });
  await server.task(taskId);
  await make('/api/artifacts', { Filename: 'report.txt', ServerTaskId: taskId });
  await make(`/api/releases/${made.releaseId}/defects`, { Description: 'Data is lost.' });

  const failing = await makeProject(server, [{ name: 'Fail', script: 'false', image: 'alpine:3' }]);
  await server.task((await server.deploy(failing.releaseId, failing.environmentId)).taskId);
  const inDays = (days: number) => timestamp(new Date(Date.now() + days * 86_400_000));
  const later = { QueueTime: inDays(10), QueueTimeExpiry: inDays(20) };
  // Ended too, so that every log has an end.
  const { taskId: cancelled } = await server.deploy(failing.releaseId, failing.environmentId, later);
  await make(`/api/tasks/${cancelled}/cancel`);

  const runbook = await make('/api/runbooks', { Name: 'Restart', ProjectId: made.projectId });
  const process = (await server.get(`/api/runbookProcesses/${runbook.RunbookProcessId}`)).body;
  const steps = { ...process, Steps: [wireStep({ name: 'Restart', script: 'true', image: 'alpine:3' })] };
  await server.call('PUT', `/api/runbookProcesses/${process.Id}`, steps);
  await make('/api/runbookSnapshots?publish=true', {
    ProjectId: made.projectId,
    RunbookId: runbook.Id,
    Name: 'First',
  });
  const run = await make('/api/runbookRuns', { RunbookId: runbook.Id, EnvironmentId: made.environmentId });
  await server.task(run.TaskId);
  return server;
}

async function pushPackage(
  make: (url: string, body?: unknown, headers?: Record<string, string>) => Promise<unknown>,
) {
  const part = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="Hello.1.0.0.zip"\r\n\r\nbytes\r\n`;
  const type = { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` };
  await make('/api/packages/raw', Buffer.from(`${part}--${BOUNDARY}--\r\n`), type);
  const told = { BuildNumber: '7', VcsType: 'Git', Commits: [{ Id: 'abc', Comment: 'a change' }] };
  await make('/api/build-information', {
    PackageId: 'Hello',
    Version: '1.0.0',
    OctopusBuildInformation: told,
  });
}
