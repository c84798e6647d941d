/** Places where a secret would be stored and shown by others: steps with one there are refused, or fail without telling it. */
import { expect } from 'vitest';
import { type Canaries, callerOf } from './canary-plants.ts';
import { over, question } from './canary-runs.ts';
import { Search } from './canary-search.ts';
import { IMAGE } from './canary-steps.ts';
import type { KillableServer } from './killable-server.ts';
import { makeProject, type StepWish } from './project-under-test.ts';

const service = (changes: object) =>
  JSON.stringify([{ name: 'db', image: IMAGE, command: ['sleep', '60'], ...changes }]);
const SERVICES = 'Argonaut.Action.Container.Services';
const properties = (name: string, value: string) => ({ properties: { [name]: value } });
const container = (Container: object) => ({ action: { Container } });

/** What the engine would keep, or the database. Each names the variable in its log. */
const REFUSED: readonly Omit<StepWish, 'image'>[] = [
  { name: 'Options', ...properties('Octopus.Action.Container.Options', '--label t=#{Refused}') },
  { name: 'Hosts', ...properties('Argonaut.Action.ExtraHosts', '#{Refused}:10.0.0.1') },
  { name: 'Servers', ...properties('Argonaut.Action.Dns', '#{Refused}') },
  { name: 'User', ...properties('Argonaut.Action.User', '#{Refused}') },
  {
    name: 'Command',
    type: 'Argonaut.Container',
    ...properties('Argonaut.Action.Container.Command', '["echo", "#{Refused}"]'),
  },
  { name: 'Image', ...container({ Image: 'argonaut-test/#{Refused}:1', FeedId: null }) },
  { name: 'Registry', ...container({ Image: IMAGE, FeedId: '#{Refused}' }) },
  { name: 'Dockerfile', ...container({ Dockerfile: `FROM ${IMAGE}\nLABEL t="#{Refused}"` }) },
  {
    name: 'Build argument',
    action: { Container: { Dockerfile: `ARG T\nFROM ${IMAGE}` } },
    ...properties('Argonaut.Action.Container.BuildArguments', '{"T": "#{Refused}"}'),
  },
  {
    name: 'Dockerfile of a setting',
    action: { Container: null },
    ...properties('Argonaut.Action.Container.Dockerfile', `FROM ${IMAGE}\nLABEL t="#{Refused}"`),
  },
  {
    name: 'Package',
    action: {
      Packages: [
        { Name: 'p', PackageId: '#{Refused}', FeedId: 'feeds-builtin', Version: '1.0.0', Properties: {} },
      ],
    },
  },
  { name: 'Health', ...properties(SERVICES, service({ health: { run: 'test #{Refused}' } })) },
  {
    name: 'Health command',
    ...properties(SERVICES, service({ health: { command: ['test', '#{Refused}'] } })),
  },
  { name: 'User beside', ...properties(SERVICES, service({ user: '#{Refused}' })) },
  { name: 'Image beside', ...properties(SERVICES, service({ image: '#{Refused}' })) },
];

/** Not kept anywhere: their steps fail, and what is said of it hides the value. */
const HIDDEN: readonly Omit<StepWish, 'image'>[] = [
  { name: 'Directory', ...properties('Argonaut.Action.WorkingDirectory', '/nowhere/#{Refused}') },
  {
    name: 'Variable',
    ...properties('Argonaut.Action.Environment', '{"A": "#{Refused | Nonsense}#{Refused"}'),
  },
];

/** Wrong already when the task begins, so that nothing of its process is run: the pool is refused, and values of options are hidden. */
const BEFORE: readonly Omit<StepWish, 'image'>[] = [
  { name: 'Place', action: { WorkerPoolId: '#{Refused}' } },
  { name: 'Timeout', ...properties('Octopus.Action.ExecutionTimeout.Minutes', '#{Refused}') },
  { name: 'Memory', ...properties('Argonaut.Action.Memory', '#{Refused}') },
];

/** A question to a person, in which the value is hidden. */
const ASKING: StepWish = {
  name: 'Asking',
  type: 'Octopus.Manual',
  properties: { 'Octopus.Action.Manual.Instructions': 'Is it #{Refused}?' },
  step: { Condition: 'Always' },
};

export async function refusals(server: KillableServer, canaries: Canaries): Promise<void> {
  const Value = canaries.plant('Refused');
  const whole = (wish: Omit<StepWish, 'image'>): StepWish => {
    const program = wish.type === undefined ? { script: 'true' } : {};
    return { ...program, image: IMAGE, step: { Condition: 'Always' }, ...wish };
  };
  const variables = [{ Name: 'Refused', Value, Type: 'Sensitive', IsSensitive: true }];
  const call = callerOf(server);
  const deploy = async (wishes: readonly StepWish[]): Promise<string> => {
    const { projectId, releaseId, environmentId } = await makeProject(server, wishes, { variables });
    await askForNumber(server, canaries, projectId);
    const wish = { ReleaseId: releaseId, EnvironmentId: environmentId };
    return (await call('POST', '/api/deployments', wish)).TaskId;
  };

  const before = await deploy(BEFORE.map(whole));
  const task = await deploy([...[...REFUSED, ...HIDDEN].map(whole), ASKING]);
  const { Id, Form } = await question(server, task);
  expect(JSON.stringify(Form)).toMatch(/Is it \*+\?/);
  await call('POST', `/api/interruptions/${Id}/submit`, { Result: 'Proceed' });
  for (const [failed, names] of [
    [task, REFUSED.map(({ name }) => name)],
    [before, ['Place']],
  ] as const) {
    const { State, raw } = await over(server, failed);
    expect(State, raw).toBe('Failed');
    for (const name of names) {
      expect(raw).toMatch(new RegExp(`of step "${name}" depends on the sensitive variable "Refused"`));
    }
  }
  const told = (await server.call('GET', `/api/tasks/${before}/raw`)).body;
  expect(told.match(/is "#\{Refused\}", which comes to "\*+"/g)).toHaveLength(2);
  const states = (await server.call('GET', `/api/tasks/${task}/details`)).body.ActivityLogs[0].Children;
  for (const { name } of HIDDEN) {
    const found = states.find(({ Name }: { Name: string }) => Name.endsWith(`: ${name}`));
    expect(found?.Status, name).toBe('Failed');
  }
}

/** What numbers a release, everybody may read: nothing that is secret is put into it. */
async function askForNumber(server: KillableServer, canaries: Canaries, projectId: string): Promise<void> {
  const call = callerOf(server);
  const project = await call('GET', `/api/projects/${projectId}`);
  const VersioningStrategy = { Template: '3.0.0-n#{Refused}', DonorPackage: null };
  await call('PUT', `/api/projects/${projectId}`, { ...project, VersioningStrategy });
  const wish = { ProjectName: project.Name };
  const { body } = await server.call('POST', '/api/releases/create/v1', wish);
  const search = new Search(canaries.values);
  search.look('api', 'number of a release', Buffer.from(JSON.stringify(body)));
  expect(search.findings).toEqual([]);
}
