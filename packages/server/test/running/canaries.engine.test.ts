/**
 * Secrets are planted wherever one can be entered (canary-fields.ts has the list, and its test holds it against the API). Steps prove
 * by a hash that they received theirs, show them carelessly in their logs, and wait: a script, a service and a program of an image
 * on the server's own worker, and behind SSH a plain process and a container that failed and is held, into which a terminal is
 * open. Meanwhile, and again after the end, everything that the server, the workers and the engine hold or answer is searched for all
 * of them in every shape. One canary is no secret and lies in the open: the search must find it in each place, or its silence about
 * the others would mean nothing. What people write about a release, a deployment or an answer is theirs and no secret.
 */
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { passwordRegistry } from '../../../../test/services.ts';
import { crawl } from './api-crawl.ts';
import {
  Canaries,
  CONTROL,
  callerOf,
  plantAccounts,
  plantFeeds,
  plantUser,
  plantVariables,
  pushSettings,
  sendRejected,
} from './canary-plants.ts';
import { refusals } from './canary-refusals.ts';
import { docker, holding, over, question } from './canary-runs.ts';
import { type Finding, Search, searchDirectory, searchEngine, searchProcesses } from './canary-search.ts';
import {
  CARELESS,
  farSteps,
  made,
  masked,
  PROVED,
  PROVED_FAR,
  sha256,
  sweptSteps,
  TYPED,
  withSecretSettings,
} from './canary-steps.ts';
import { KillableServer } from './killable-server.ts';
import { makeProject } from './project-under-test.ts';
import { openSocket } from './socket-under-test.ts';
import { sshMachine } from './ssh-machine.ts';

/** Where secrets come closest to the surface; the crawl asks for much more. */
const MUST_ANSWER = [
  /^\/api\/tasks\/ServerTasks-\d+\/raw$/,
  /^\/api\/tasks\/ServerTasks-\d+\/details$/,
  /^\/api\/argonaut\/tasks\/ServerTasks-\d+\/log$/,
  /^\/api\/Spaces-1\/variables\/variableset-Projects-\d+$/,
  /^\/api\/Spaces-1\/variables\/variableset-LibraryVariableSets-\d+$/,
  /^\/api\/Spaces-1\/feeds\/Feeds-\d+$/,
  /^\/api\/Spaces-1\/accounts\/Accounts-\d+$/,
  /^\/api\/Spaces-1\/workers\/Workers-\d+$/,
  /^\/api\/Spaces-1\/deployments\/Deployments-\d+$/,
  /^\/api\/Spaces-1\/runbookRuns\/RunbookRuns-\d+$/,
  /^\/api\/Spaces-1\/runbookSnapshots\/RunbookSnapshots-\d+$/,
  /^\/api\/Spaces-1\/interruptions\/Interruptions-\d+$/,
  /^\/api\/Spaces-1\/projects\/Projects-\d+\/deploymentprocesses$/,
  /^\/api\/Spaces-1\/(argonaut\/variables\/evaluate|variables\/preview)\?/,
  /^\/api\/users\/Users-\d+$/,
  /^\/api\/events$|^\/api\/Spaces-1\/events$/,
];
/** The log of an attempt in its directory on a worker. */
const RAW_LOG = /^(worker worker\/|far )attempts\/[^/]+\/(services\/[^/]+\/)?a\/log$/;
/** Words of a program, which the machine's kernel shows to everybody on it while the program runs. */
const ARGUMENTS = new Set(['Argument', 'Parameter', 'Service.Argument']);

let server: KillableServer;
/** What the server keeps on the worker behind SSH, which is this machine. */
let far: string | undefined;
/** What variables come to in a place, which only queries ask for. */
const questions: string[] = [];

beforeAll(async () => {
  server = await KillableServer.create();
  await server.start({ ARGONAUT_LOG_LEVEL: 'trace' });
});
afterAll(async () => {
  // Takes its network sandboxes along.
  await server?.stop();
  await server?.[Symbol.asyncDispose]();
  if (far !== undefined) await rm(far, { recursive: true, force: true });
});

test('no secret is anywhere but where it belongs', { timeout: 900_000 }, async () => {
  const call = callerOf(server);
  const canaries = new Canaries();
  const ssh = await sshMachine(server);
  const feed = await plantFeeds(call, canaries, await passwordRegistry());
  await plantUser(server, canaries);
  const accounts = await plantAccounts(call, canaries, ssh.machine);
  const endpoint = { ...(await ssh.discover()), AccountId: accounts.get('SshKeyPair') };
  const { State: health } = await ssh.addWorker(endpoint, 'Far');
  expect(health).toBe('Success');
  // The machine gets to see the password, and refuses it.
  const refused = { ...endpoint, AccountId: accounts.get('UsernamePassword') };
  expect((await ssh.addWorker(refused, 'Refused')).State).toBe('Failed');
  await pushSettings(server);

  const project = await makeProject(server, sweptSteps(feed), { name: 'Swept' });
  const { projectId, environmentId } = project;
  const place = `?project=${projectId}&environment=${environmentId}`;
  questions.push(`/api/Spaces-1/argonaut/variables/evaluate${place}`);
  questions.push(`/api/Spaces-1/variables/preview${place}`);
  await plantVariables(call, canaries, { projectId, environmentId, accounts });
  canaries.values.set('Made', made(canaries));
  canaries.values.set('Masked', masked(canaries));
  for (const name of ['Made', 'Masked']) canaries.plant(name);
  const processes = `/api/projects/${projectId}/deploymentprocesses`;
  await call('PUT', processes, withSecretSettings(await call('GET', processes), canaries));
  const { ReleaseId } = await call('POST', '/api/releases/create/v1', {
    ProjectName: 'Swept',
    ReleaseVersion: '2.0.0',
  });
  const rejected = await sendRejected(server, canaries);

  const run = await startRunbook(canaries, projectId, farSteps(feed, ssh.pool, canaries));
  await question(server, run);
  far = farFolder((await server.call('GET', `/api/tasks/${run}/raw`)).body);
  const { TaskId: task } = await call('POST', '/api/deployments', {
    ReleaseId,
    EnvironmentId: environmentId,
    FormValues: { Asked: canaries.plant('Asked'), 'Nobody asks': canaries.plant('Unasked') },
  });
  await planForTomorrow(canaries, { projectId, environmentId, ReleaseId });
  expect(canaries.forgotten.filter((name) => name !== 'Refused')).toEqual([]);

  for (const [nth, step] of ['Script', 'Container'].entries()) {
    const container = await holding(server, task, nth + 1);
    const during = new Search(canaries.values);
    if (step === 'Script') {
      const shown = await lookInside(run);
      expect(shown.toString()).toContain(`proof Terminal ${sha256(canaries.named('Runbook.Asked'))}`);
      expect(shown.toString()).toMatch(/careless \*+/);
      during.look('terminal', run, shown);
      for (const bytes of rejected) during.look('api', 'refused', bytes);
    }
    await searchAll(during);
    expect(await leaksOf(during)).toEqual([]);
    const places = ['database', 'blobs', 'api', 'processes'];
    // What the step itself writes and wears in the open, the first one shows.
    if (step === 'Script') places.push('worker', 'layer', 'inspect');
    expect([...during.placesOf(CONTROL)].sort()).toEqual(expect.arrayContaining(places));
    await docker('exec', container, 'touch', '/tmp/go');
    if (step === 'Script')
      await call('POST', `/api/interruptions/${(await question(server, run)).Id}/submit`, {
        Guidance: 'Fail',
      });
  }
  const { State, raw } = await over(server, task);
  expect(State, raw).toBe('Success');
  expect(raw).toContain('The artifact "collected" is not collected: its path holds a secret');
  const runOver = await over(server, run);
  expect(runOver.State, runOver.raw).toBe('Failed');
  await refusals(server, canaries);
  expect(canaries.forgotten).toEqual([]);

  const after = new Search(canaries.values);
  await searchAll(after);
  expect(await leaksOf(after)).toEqual([]);
  expect(after.findings.filter(({ where }) => RAW_LOG.test(where))).toEqual([]);
  expect([...after.placesOf(CONTROL)]).toEqual(expect.arrayContaining(['database', 'blobs', 'api']));

  const proved = (log: string, names: readonly string[]) => {
    for (const name of names) expect(log).toContain(`proof ${name} ${sha256(canaries.named(name))}`);
  };
  proved(raw, PROVED);
  proved(runOver.raw, PROVED_FAR);
  expect(raw.match(/careless \*+/g)).toHaveLength(CARELESS);
  expect(runOver.raw.match(/careless \*+/g)).toHaveLength(PROVED_FAR.length);
});

/** The task of a run of the published snapshot of a new runbook. */
async function startRunbook(
  { plant }: Canaries,
  ProjectId: string,
  Steps: readonly object[],
): Promise<string> {
  const call = callerOf(server);
  const runbook = await call('POST', `/api/projects/${ProjectId}/runbooks`, { Name: 'Far', ProjectId });
  const path = `/api/runbookProcesses/${runbook.RunbookProcessId}`;
  await call('PUT', path, { ...(await call('GET', path)), Steps });
  await call('POST', `/api/projects/${ProjectId}/runbookSnapshots?publish=true`, {
    ProjectId,
    RunbookId: runbook.Id,
    Name: 'First',
  });
  const { RunbookRunServerTasks } = await call('POST', '/api/Spaces-1/runbook-runs/create/v1', {
    ProjectName: 'Swept',
    RunbookName: 'Far',
    EnvironmentNames: ['Production'],
    Variables: { 'Runbook.Asked': plant('Runbook.Asked') },
  });
  return RunbookRunServerTasks[0].ServerTaskId;
}

/** Runs that wait in the queue with what was answered for them. */
async function planForTomorrow(
  { plant }: Canaries,
  where: { readonly projectId: string; readonly environmentId: string; readonly ReleaseId: string },
): Promise<void> {
  const call = callerOf(server);
  const QueueTime = new Date(Date.now() + 86_400_000).toISOString();
  const { Items } = await call('GET', `/api/projects/${where.projectId}/runbooks`);
  const place = { EnvironmentId: where.environmentId, QueueTime };
  await call('POST', '/api/runbookRuns', {
    ...place,
    RunbookId: Items[0].Id,
    FormValues: { 'Runbook.Asked': plant('Later.RunbookRun') },
  });
  await call('POST', `/api/projects/${where.projectId}/runbooks/${Items[0].Id}/runbookRuns`, {
    ...place,
    FormValues: { 'Runbook.Asked': plant('Later.RunbookRuns') },
  });
  await call('POST', '/api/Spaces-1/deployments/create/untenanted/v1', {
    ProjectName: 'Swept',
    ReleaseVersion: '2.0.0',
    EnvironmentNames: ['Production'],
    RunAt: QueueTime,
    Variables: { Asked: plant('Later.Deployment') },
  });
}

function farFolder(raw: string): string {
  const folder = /\/\S+\/\.argonaut\/[0-9a-f-]{36}/.exec(raw)?.[0];
  if (folder === undefined) throw new Error(`The step does not say where it is: ${raw}`);
  return folder;
}

/** What a terminal shows that is opened into the held container. */
async function lookInside(run: string): Promise<Buffer> {
  const path = `/api/Spaces-1/argonaut/tasks/${run}/terminal`;
  await using terminal = await openSocket(server.address, path, { 'x-octopus-apikey': server.key });
  terminal.type(TYPED);
  await terminal.closed;
  return terminal.bytes();
}

/**
 * What was found but for the control. While a step runs, what it wrote lies on the worker as it wrote it, before anything could be
 * masked: in a directory that only the worker's user can enter.
 */
async function leaksOf({ findings }: Search): Promise<Finding[]> {
  const folders = [join(server.directory, 'worker/attempts'), `${far}/attempts`];
  const modes = await Promise.all(folders.map(async (folder) => (await stat(folder)).mode));
  const areClosed = modes.every((mode) => (mode & 0o077) === 0);
  return findings.filter(
    ({ canary, where }) =>
      canary !== CONTROL &&
      !(areClosed && RAW_LOG.test(where)) &&
      !(ARGUMENTS.has(canary) && /^processes \d+ cmdline of a step$/.test(where)),
  );
}

async function searchAll(search: Search): Promise<void> {
  await searchDirectory(search, server.directory);
  await searchDirectory(search, far ?? '', 'far');
  await searchEngine(search);
  await searchProcesses(search);
  // Of a run in which nothing fails the server writes little; a control cannot be planted there.
  search.look('server-log', 'of the process', Buffer.from(server.troubles));
  const answers = await crawl(server, questions);
  for (const { path, bytes } of answers) search.look('api', path, bytes);
  const answered = answers.filter(({ status }) => status === 200);
  for (const part of MUST_ANSWER) {
    expect(
      answered.some(({ path }) => part.test(path)),
      `${part} was asked`,
    ).toBe(true);
  }
}
