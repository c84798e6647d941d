/**
 * The main job, with Octopus's own TypeScript client against a running server on a real engine and a real registry: feed,
 * project, process with an execution container, release, deployment, wait, log, artifact; and the same for a runbook. On
 * each of the two databases.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  Client,
  DeploymentProcessRepository,
  DeploymentRepository,
  EnvironmentRepository,
  LifecycleRepository,
  type Project,
  ProjectGroupRepository,
  ProjectRepository,
  ReleaseRepository,
  RunbookProcessRepository,
  RunbookRepository,
  RunbookRunRepository,
  RunbookSnapshotRepository,
  ServerTaskRepository,
  ServerTaskWaiter,
  SpaceServerTaskRepository,
} from '@octopusdeploy/api-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freshDatabase, passwordRegistry } from '../../../../test/services.ts';
import { type RunningServer, readConfig, startServer } from '../../src/index.ts';
import { wireStep } from './project-under-test.ts';

const KEY = 'API-WHOLEPATHWHOLEPATHWH';
const SPACE = 'Default';
const POLL_MS = 50;
const DEADLINE_MS = 180_000;

const script = `echo "Deploying #{Octopus.Project.Name} to #{Octopus.Environment.Name}"
cat /etc/os-release 2>/dev/null | head -1
echo "the report" > report.txt
new_octopusartifact "$PWD/report.txt" Report.txt
set_octopusvariable Colour green`;

describe.each(['SQLite', 'PostgreSQL'])('over %s', (database) => {
  let directory: string;
  let server: RunningServer;
  let client: Client;
  let project: Project;
  let feedId: string;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'argonaut-path-'));
    const settings = { ARGONAUT_DATA: directory, ARGONAUT_PORT: '0', ARGONAUT_LOG_LEVEL: 'warn' };
    const { DOCKER_HOST, PATH } = process.env;
    const onDatabase =
      database === 'PostgreSQL' ? { ARGONAUT_DATABASE_URL: (await freshDatabase()).url } : {};
    server = await startServer(
      readConfig({ ...settings, ...onDatabase, DOCKER_HOST, PATH, ARGONAUT_ADMIN_API_KEY: KEY }),
    );
    client = await Client.create({ userAgentApp: 'test', instanceURL: server.address, apiKey: KEY });

    const registry = await passwordRegistry();
    // The client has a repository for feeds but does not export it.
    const feed = await client.post<{ Id: string }>('/api/Spaces-1/feeds', {
      Name: 'Registry',
      FeedType: 'Docker',
      FeedUri: `http://${registry.host}`,
      Username: registry.credentials.username,
      Password: { HasValue: true, NewValue: registry.credentials.password },
    });
    feedId = feed.Id;
    await new EnvironmentRepository(client, SPACE).create({ Name: 'Production' } as never);
    const [group] = (await new ProjectGroupRepository(client, SPACE).list({ take: 1 })).Items;
    const [lifecycle] = (await new LifecycleRepository(client, SPACE).list({ take: 1 })).Items;
    project = await new ProjectRepository(client, SPACE).create({
      Name: 'Shop',
      ProjectGroupId: group?.Id,
      LifecycleId: lifecycle?.Id,
    } as never);
  }, 300_000);

  afterAll(async () => {
    await server.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  const steps = () =>
    [
      { name: 'Ship', image: 'argonaut-test/busybox:1', feed: feedId, script },
      {
        name: 'Check',
        image: 'argonaut-test/debian:1',
        feed: feedId,
        syntax: 'Bash' as const,
        script: 'echo "The colour is #{Octopus.Action[Ship].Output.Colour}"',
      },
    ].map(wireStep);

  async function waitFor(task: string) {
    return new ServerTaskWaiter(client, SPACE).waitForServerTaskToComplete(task, POLL_MS, DEADLINE_MS);
  }

  async function expectLogAndArtifact(task: string, regarding: string): Promise<void> {
    const raw = await new SpaceServerTaskRepository(client, SPACE).getRaw(task);
    expect(raw).toContain('Deploying Shop to Production');
    expect(raw).toContain('The colour is green');
    const details = await new SpaceServerTaskRepository(client, SPACE).getDetails(task);
    expect(details.ActivityLogs[0]?.Status).toBe('Success');
    const found = await client.get<{ Items: { Id: string; Filename: string }[] }>(
      `/api/Spaces-1/artifacts?regarding=${regarding}`,
    );
    expect(found.Items).toMatchObject([{ Filename: 'Report.txt' }]);
    const content = await fetch(`${server.address}/api/artifacts/${found.Items[0]?.Id}/content`, {
      headers: { 'x-octopus-apikey': KEY },
    });
    expect(await content.text()).toBe('the report\n');
  }

  test('feed, project, process with an execution container, release, deployment, log, artifact', async () => {
    const processes = new DeploymentProcessRepository(client, SPACE);
    const process = await processes.get(project);
    await processes.update(project, { ...process, Steps: steps() as never });
    const release = await new ReleaseRepository(client, SPACE).create({
      spaceName: SPACE,
      ProjectName: 'Shop',
    } as never);
    const deployed = await new DeploymentRepository(client, SPACE).create({
      spaceName: SPACE,
      ProjectName: 'Shop',
      ReleaseVersion: release.ReleaseVersion,
      EnvironmentNames: ['Production'],
    } as never);
    const [started] = deployed.DeploymentServerTasks;
    if (started === undefined) throw new Error('Nothing was started.');
    const task = await waitFor(started.ServerTaskId);
    expect(task).toMatchObject({ IsCompleted: true, FinishedSuccessfully: true, ErrorMessage: '' });
    await expectLogAndArtifact(started.ServerTaskId, started.DeploymentId);
  });

  test('the same for a runbook', async () => {
    const runbook = await new RunbookRepository(client, SPACE, project).create({ Name: 'Restart' } as never);
    const processes = new RunbookProcessRepository(client, SPACE, project);
    await processes.update({ ...(await processes.get(runbook)), Steps: steps() as never });
    await new RunbookSnapshotRepository(client, SPACE, project).create(runbook, 'First', true);
    const run = await new RunbookRunRepository(client, SPACE).create({
      spaceName: SPACE,
      ProjectName: 'Shop',
      RunbookName: 'Restart',
      EnvironmentNames: ['Production'],
    } as never);
    const [started] = run.RunbookRunServerTasks;
    if (started === undefined) throw new Error('Nothing was started.');
    const task = await waitFor(started.ServerTaskId);
    expect(task).toMatchObject({ State: 'Success', Name: 'RunbookRun' });
    await expectLogAndArtifact(started.ServerTaskId, started.RunbookRunId);
  });

  test('a running deployment is cancelled by the client, and its container ends', async () => {
    const processes = new DeploymentProcessRepository(client, SPACE);
    const endless = {
      name: 'Hang',
      image: 'argonaut-test/busybox:1',
      feed: feedId,
      script: 'echo begun; sleep 600',
    };
    await processes.update(project, {
      ...(await processes.get(project)),
      Steps: [wireStep(endless)] as never,
    });
    const release = await new ReleaseRepository(client, SPACE).create({
      spaceName: SPACE,
      ProjectName: 'Shop',
    } as never);
    const { DeploymentServerTasks } = await new DeploymentRepository(client, SPACE).create({
      spaceName: SPACE,
      ProjectName: 'Shop',
      ReleaseVersion: release.ReleaseVersion,
      EnvironmentNames: ['Production'],
    } as never);
    const id = DeploymentServerTasks[0]?.ServerTaskId ?? '';
    const tasks = new SpaceServerTaskRepository(client, SPACE);
    await expect.poll(() => tasks.getRaw(id), { timeout: DEADLINE_MS }).toContain('begun');
    await new ServerTaskRepository(client).cancel(id);
    expect(await waitFor(id)).toMatchObject({ State: 'Canceled', FinishedSuccessfully: false });
  });

  test('an image that is not there fails the task with the name, the feed and the remedy', async () => {
    const processes = new DeploymentProcessRepository(client, SPACE);
    const missing = { name: 'Missing', image: 'argonaut-test/busybox:9', feed: feedId, script: 'true' };
    await processes.update(project, {
      ...(await processes.get(project)),
      Steps: [wireStep(missing)] as never,
    });
    const release = await new ReleaseRepository(client, SPACE).create({
      spaceName: SPACE,
      ProjectName: 'Shop',
    } as never);
    const { DeploymentServerTasks } = await new DeploymentRepository(client, SPACE).create({
      spaceName: SPACE,
      ProjectName: 'Shop',
      ReleaseVersion: release.ReleaseVersion,
      EnvironmentNames: ['Production'],
    } as never);
    const task = await waitFor(DeploymentServerTasks[0]?.ServerTaskId ?? '');
    expect(task.State).toBe('Failed');
    expect(task.ErrorMessage).toMatch(
      /feed "Registry" .*busybox", but not its tag "9".*The nearest tags are 1/,
    );
  });
});
