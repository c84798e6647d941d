/**
 * Packages from the upload to the script that reads them: unpacked or as a file, with values in their files, and as the
 * place where the script itself lies; in a container, as a plain process, and on a worker behind SSH.
 */
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { registry } from '../../../../test/services.ts';
import { tgz, zip } from '../../../runner/test/packages/archives.ts';
import { type RunningServer, readConfig, startServer } from '../../src/index.ts';
import { type Caller, makeProject, type StepWish, wireStep } from './project-under-test.ts';
import { healthySshWorker, type SshMachine } from './ssh-machine.ts';

const KEY = 'API-PACKAGESPACKAGES0001';
const SECRET = 'correct-horse-battery-staple';

const web = zip([
  { name: 'app.json', body: '{\n  // kept\n  "Database": { "Password": "none" }\n}\n' },
  { name: 'config/app.yml', body: 'Port: 80 # kept\n' },
  { name: 'index.html', body: '<h1>#{Greeting}</h1>\n' },
  { name: 'untouched.txt', body: '#{Greeting}' },
]);
const deploy = zip([
  {
    name: 'posix.sh',
    body: 'echo "posix: $1 in $PWD says #{Greeting} $(get_octopusvariable Greeting)"\r\nset_octopusvariable Done yes\r\n',
  },
  { name: 'tools/secret.sh', body: 'echo "#{Database:Password}" | sha256sum; ls | tr "\\n" " "\n' },
  { name: 'tools/array.sh', body: 'words=(#{Greeting} bash); echo "${words[1]} ${BASH_SOURCE[0]}"\n' },
  {
    name: 'script.py',
    body: 'import sys, beside\nprint("python", sys.argv[1:], beside.VALUE, "#{Greeting}")\n',
  },
  { name: 'beside.py', body: 'VALUE = 42\n' },
]);
const sha = (bytes: Buffer | string) => createHash('sha256').update(bytes).digest('hex');
const configured = `{\n  // kept\n  "Database": { "Password": "${SECRET}" }\n}\n`;

/** What every kind of place must find: the same script for all of them. */
const READ = `
web=$(get_octopusvariable 'Octopus.Action.Package[web].ExtractedPath')
echo "page $(cat "$web/index.html") $(cat "$web/untouched.txt")"
echo "yaml $(cat "$web/config/app.yml")"
echo "json $(sha256sum < "$web/app.json")"
file=$(get_octopusvariable 'Octopus.Action.Package[data].PackageFilePath')
echo "data $(sha256sum < "$file") $(get_octopusvariable 'Octopus.Action.Package[data].PackageFileName')"
echo "version $(get_octopusvariable 'Octopus.Action.Package[web].PackageVersion')"
echo mine > "$web/own.txt" && echo "writes $(cat "$web/own.txt")"
lies_in() { find "$web" -type f -exec grep -lF -- "$1" {} + | wc -l; }
echo "on disk $(lies_in mine) and $(lies_in "$(get_octopusvariable Database:Password)")"
echo done`;

describe('packages of a step', () => {
  let directory: string;
  let server: RunningServer;
  let data: Buffer;
  let feed: string;
  let ssh: SshMachine;
  let folder: string | undefined;

  const call: Caller['call'] = async (method, url, body) => {
    const answer = await fetch(server.address + url, {
      method,
      headers: { 'x-octopus-apikey': KEY, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: answer.status, body: await answer.json().catch(() => undefined) };
  };
  const post = async (url: string, body: object) => {
    const { status, body: made } = await call('POST', url, body);
    expect(status, JSON.stringify(made)).toBeLessThan(300);
    return made;
  };
  const push = async (name: string, bytes: Buffer) => {
    const form = new FormData();
    form.append('file', new Blob([new Uint8Array(bytes)]), name);
    const url = `${server.address}/api/Spaces-1/packages/raw`;
    const answer = await fetch(url, { method: 'POST', headers: { 'x-octopus-apikey': KEY }, body: form });
    expect(answer.status).toBe(201);
  };
  const reference = (Name: string, PackageId: string, Extract = 'True') => ({
    Id: '',
    Name,
    PackageId,
    FeedId: 'feeds-builtin',
    AcquisitionLocation: 'Server',
    Properties: { Extract, SelectionMode: 'immediate' },
  });
  const run = async (steps: readonly StepWish[]) => {
    const made = await makeProject({ call }, steps, {
      variables: [
        { Name: 'Greeting', Value: 'Hello' },
        { Name: 'Port', Value: '8080' },
        { Name: 'Database:Password', Value: SECRET, IsSensitive: true, Type: 'Sensitive' },
      ],
    });
    return { ...(await again(made)), made };
  };
  const again = async (made: { readonly releaseId: string; readonly environmentId: string }) => {
    const { TaskId } = await post('/api/Spaces-1/deployments', {
      ReleaseId: made.releaseId,
      EnvironmentId: made.environmentId,
    });
    return outcomeOf(TaskId);
  };
  const outcomeOf = async (id: string) => {
    const task = await ssh.ended(id);
    const raw = await fetch(`${server.address}/api/tasks/${id}/raw`, {
      headers: { 'x-octopus-apikey': KEY },
    });
    return { task, log: await raw.text() };
  };

  beforeAll(async () => {
    data = await tgz([{ name: 'data.txt', body: 'data', type: 'file' }]);
    directory = mkdtempSync(join(tmpdir(), 'argonaut-packages-'));
    const { DOCKER_HOST, PATH } = process.env;
    const settings = { ARGONAUT_DATA: directory, ARGONAUT_PORT: '0', ARGONAUT_LOG_LEVEL: 'warn' };
    server = await startServer(readConfig({ ...settings, DOCKER_HOST, PATH, ARGONAUT_ADMIN_API_KEY: KEY }));
    await push('Acme.Web.1.0.0.zip', zip([{ name: 'old.txt', body: 'old' }]));
    await push('Acme.Web.1.1.0.zip', web);
    await push('Acme.Data.2.0.0.tar.gz', data);
    await push('Acme.Deploy.1.0.0.zip', deploy);
    const { host } = await registry();
    const container = { Name: 'Registry', FeedType: 'Docker', FeedUri: `http://${host}` };
    feed = (await post('/api/Spaces-1/feeds', container)).Id;
    ssh = await healthySshWorker({ call }, 'Far');
  }, 300_000);
  afterAll(async () => {
    await server?.stop();
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
    rmSync(directory, { recursive: true, force: true });
  });

  const files = {
    'Octopus.Action.EnabledFeatures':
      'Octopus.Features.SubstituteInFiles,Octopus.Features.JsonConfigurationVariables',
    'Octopus.Action.SubstituteInFiles.TargetFiles': 'web/*.html',
    'Octopus.Action.Package.JsonConfigurationVariablesTargets': 'web/app.json\nweb/**/*.yml',
  };
  const references = [reference('web', 'Acme.Web'), reference('data', 'Acme.Data', 'False')];

  function expectRead(log: string, times: number) {
    const count = (line: string) => log.split(line).length - 1;
    expect(count('page <h1>Hello</h1> #{Greeting}'), log).toBe(times);
    expect(count('yaml Port: 8080 # kept'), log).toBe(times);
    expect(count(`json ${sha(configured)}`), log).toBe(times);
    expect(count(`data ${sha(data)}  - data.tar.gz`), log).toBe(times);
    expect(count('version 1.1.0'), log).toBe(times);
    expect(count('writes mine'), log).toBe(times);
    expect(count('on disk 1 and 0'), log).toBe(times);
    expect(log).not.toContain(SECRET);
  }

  it('are found by a script in a container, whoever it runs as, and by one beside it', async () => {
    const step = (name: string, image?: string): StepWish => ({
      name,
      ...(image === undefined ? {} : { image, feed }),
      script: READ,
      properties: files,
      action: { Packages: references },
    });
    const { task, log } = await run([
      step('Inside', 'argonaut-test/busybox:1'),
      step('As nobody', 'argonaut-test/user-id:1'),
      step('Beside'),
    ]);
    expect(task.State, log).toBe('Success');
    expectRead(log, 3);
    expect(log).toContain('Acquire images and packages');
    expect(log.split('Transferring package Acme.Web 1.1.0').length - 1, log).toBe(1);
    expect(log).toContain('web/app.json: replaced Database:Password.');
    // What the worker keeps is the packages; the copies went with their steps.
    await expect.poll(() => readdirSync(join(directory, 'worker/attempts'))).toEqual([]);
  });

  it('are found on a worker behind SSH alike', async () => {
    const step = (name: string, image?: string): StepWish => ({
      name,
      ...(image === undefined ? {} : { image, feed }),
      script: `${READ}\npwd`,
      properties: files,
      action: { Packages: references, WorkerPoolId: ssh.pool },
    });
    const { task, log } = await run([step('Inside', 'argonaut-test/busybox:1'), step('Beside')]);
    expect(task.State, log).toBe('Success');
    folder = /\/\S+\/\.argonaut\/[0-9a-f-]{36}/.exec(log)?.[0];
    expectRead(log, 2);
  });

  it('hold the script itself, in every language, and run it where it lies', async () => {
    const step = (
      name: string,
      file: string,
      properties: Record<string, string>,
      image?: string,
      where: object = {},
    ): StepWish => ({
      name,
      ...(image === undefined ? {} : { image, feed }),
      properties: {
        'Octopus.Action.RunOnServer': 'true',
        'Octopus.Action.Script.ScriptSource': 'Package',
        'Octopus.Action.Script.ScriptFileName': file,
        'Octopus.Action.Script.ScriptParameters': '"one word" two',
        ...properties,
      },
      action: { Packages: [reference('', 'Acme.Deploy')], ...where },
    });
    const sh = { 'Octopus.Action.Script.Syntax': 'Sh' };
    const { task, log } = await run([
      step('Posix', 'posix.sh', sh, 'argonaut-test/busybox:1'),
      step('Secret', 'tools\\secret.sh', sh, 'argonaut-test/busybox:1'),
      step('Bash', './tools/array.sh', {}, 'argonaut-test/debian:1'),
      step('Python', 'script.py', {}),
      step('Far', 'posix.sh', sh, undefined, { WorkerPoolId: ssh.pool }),
      step('Far secret', 'tools/secret.sh', sh, 'argonaut-test/busybox:1', { WorkerPoolId: ssh.pool }),
    ]);
    expect(task.State, log).toBe('Success');
    expect(log).toContain('posix: one word in /argonaut/work says Hello Hello');
    expect(log.split(`${sha(`${SECRET}\n`)}  -`).length - 1, log).toBe(2);
    expect(log).toContain('array.sh secret.sh');
    expect(log).toContain('bash /argonaut/work/tools/array.sh');
    expect(log).toContain("python ['one word', 'two'] 42 Hello");
    expect(log).toMatch(/posix: one word in \/\S+\/\.argonaut\/\S+\/a\/work says Hello Hello/);
    expect(log).not.toContain(SECRET);
  });

  it('of a runbook are those that its snapshot chose, whatever was pushed since', async () => {
    await push('Acme.Tool.1.0.0.zip', zip([{ name: 'which', body: 'the first' }]));
    const { projectId } = await makeProject({ call }, [{ name: 'x', script: 'true' }], { name: 'Tools' });
    const runbook = await post(`/api/projects/${projectId}/runbooks`, { Name: 'Use', ProjectId: projectId });
    const { body: process } = await call('GET', `/api/runbookProcesses/${runbook.RunbookProcessId}`);
    const wish = {
      name: 'use',
      script: 'echo "uses $(cat tool/which)"',
      action: { Packages: [reference('tool', 'Acme.Tool')] },
    };
    await call('PUT', `/api/runbookProcesses/${process.Id}`, { ...process, Steps: [wireStep(wish)] });
    const snapshot = { ProjectId: projectId, RunbookId: runbook.Id, Name: 'First' };
    await post(`/api/projects/${projectId}/runbookSnapshots?publish=true`, snapshot);
    await push('Acme.Tool.2.0.0.zip', zip([{ name: 'which', body: 'the second' }]));
    const { RunbookRunServerTasks } = await post('/api/Spaces-1/runbook-runs/create/v1', {
      ProjectName: 'Tools',
      RunbookName: 'Use',
      EnvironmentNames: ['Production'],
    });
    const { task, log } = await outcomeOf(RunbookRunServerTasks[0].ServerTaskId);
    expect(task.State, log).toBe('Success');
    expect(log).toContain('uses the first');
  });

  it('that are not there any more fail the task before its first step, and are named', async () => {
    await push('Acme.Gone.3.0.0.zip', web);
    const { made, log: first } = await run([
      { name: 'First', script: 'echo ran' },
      { name: 'Second', script: 'echo ran', action: { Packages: [reference('gone', 'Acme.Gone')] } },
    ]);
    expect(first.split('ran').length - 1).toBeGreaterThanOrEqual(2);
    const removal = await fetch(`${server.address}/api/Spaces-1/packages/packages-Acme.Gone.3.0.0`, {
      method: 'DELETE',
      headers: { 'x-octopus-apikey': KEY },
    });
    expect(removal.ok).toBe(true);
    const { task, log } = await again(made);
    expect(task.State).toBe('Failed');
    expect(task.ErrorMessage).toContain('The package "Acme.Gone" 3.0.0 is not in the feed');
    expect(log).not.toMatch(/^.*\bran$/m);
  });

  it('whose file cannot be configured, or whose script is not there, fail their step and say which', async () => {
    const bad = await run([
      {
        name: 'Bad',
        script: 'echo ran',
        properties: {
          ...files,
          'Octopus.Action.Package.JsonConfigurationVariablesTargets': 'web/index.html',
          'Octopus.Action.SubstituteInFiles.TargetFiles': '../*.html',
        },
        action: { Packages: references },
      },
    ]);
    expect(bad.task.State).toBe('Failed');
    expect(bad.task.ErrorMessage).toContain('"../*.html" leads out of the step\'s directory');
    const absent = await run([
      {
        name: 'Absent',
        properties: {
          'Octopus.Action.RunOnServer': 'true',
          'Octopus.Action.Script.ScriptSource': 'Package',
          'Octopus.Action.Script.ScriptFileName': 'no.py',
        },
        action: { Packages: [reference('', 'Acme.Deploy')] },
      },
    ]);
    expect(absent.task.ErrorMessage).toContain('The package has no file "no.py"');
    expect(absent.task.ErrorMessage).toContain('posix.sh');
  });
});
