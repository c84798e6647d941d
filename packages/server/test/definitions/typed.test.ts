/** What property bags mean: from Octopus's actions to the typed process that is run. */
import type { Action, Run } from '@argonaut/orchestrator';
import { ProcessSnapshot } from '@argonaut/orchestrator';
import { Compile } from 'typebox/compile';
import { describe, expect, it } from 'vitest';
import type { StoredAction, StoredProperties, StoredStep } from '../../src/processes/queries.ts';
import { toProcessSnapshot } from '../../src/processes/typed.ts';

type Fields = Partial<Omit<StoredAction, 'Properties'>>;

function storedStep(
  properties: StoredProperties,
  fields: Fields = {},
  step: Partial<StoredStep> = {},
): StoredStep {
  return {
    Id: 'step-1',
    Name: 'Step',
    Properties: {},
    Actions: [
      {
        Id: 'action-1',
        Name: 'Step',
        ActionType: 'Octopus.Script',
        Packages: [],
        Properties: properties,
        ...fields,
      },
    ],
    ...step,
  };
}

const snapshot = Compile(ProcessSnapshot);

/** The typed action; what comes out must always be a valid process. */
function read(properties: StoredProperties, fields: Fields = {}, step: Partial<StoredStep> = {}): Action {
  const process = toProcessSnapshot([storedStep(properties, fields, step)]);
  expect([...snapshot.Errors(process)]).toEqual([]);
  const action = process.steps[0]?.actions[0];
  if (!action) throw new Error('The step has no action.');
  return action;
}

function reason(run: Run): string | undefined {
  return run.kind === 'Unsupported' ? run.reason : undefined;
}

const bash = { 'Octopus.Action.Script.Syntax': 'Bash', 'Octopus.Action.Script.ScriptBody': 'echo' };

describe('scripts', () => {
  it('inline, in every language that runs here, whatever the case of keys and words', () => {
    for (const syntax of ['Bash', 'Sh', 'Python', 'PowerShell']) {
      const run = read({ 'octopus.action.script.SYNTAX': syntax.toLowerCase() }).run;
      expect(run).toEqual({ kind: 'Script', syntax, source: { kind: 'Inline', body: '' } });
    }
  });

  it('without a language are PowerShell, as in Octopus', () => {
    expect(read({})).toMatchObject({ run: { syntax: 'PowerShell' } });
  });

  it('in other languages fail with a reason when their turn comes', () => {
    expect(reason(read({ 'Octopus.Action.Script.Syntax': 'CSharp' }).run)).toContain('Scripts in CSharp');
  });

  it('from a package name the file and its words', () => {
    const run = read(
      {
        ...bash,
        'Octopus.Action.Script.ScriptSource': 'Package',
        'Octopus.Action.Script.ScriptFileName': 'run.sh',
        'Octopus.Action.Script.ScriptParameters': '--all "#{Name}"',
        'Octopus.Action.Package.PackageId': 'Tools',
        'Octopus.Action.Package.FeedId': 'feeds-builtin',
      },
      {},
    );
    expect(run.packages).toEqual([
      { name: '', packageId: 'Tools', feed: 'feeds-builtin', acquisition: 'Server', extract: true },
    ]);
    expect(run.run).toEqual({
      kind: 'Script',
      syntax: 'Bash',
      source: { kind: 'Package', package: '', file: 'run.sh' },
      parameters: '--all "#{Name}"',
    });
  });

  it.each([
    ['deploy.sh', undefined, 'Bash'],
    ['deploy.sh', 'Sh', 'Sh'],
    ['deploy.sh', 'Python', 'Bash'],
    ['a/b.py', 'Bash', 'Python'],
    ['Deploy.PS1', undefined, 'PowerShell'],
    ['deploy', 'Python', 'Python'],
    ['deploy-#{Name}.py', undefined, 'Python'],
  ])('from a package are in the language of their file: %s, said %s', (file, said, syntax) => {
    const run = read({
      'Octopus.Action.RunOnServer': 'true',
      'Octopus.Action.Script.ScriptSource': 'Package',
      'Octopus.Action.Script.ScriptFileName': file,
      'Octopus.Action.Package.PackageId': 'Tools',
      ...(said === undefined ? {} : { 'Octopus.Action.Script.Syntax': said }),
    }).run;
    expect(run).toMatchObject({ kind: 'Script', syntax });
  });

  it('change files of their packages when a feature says so', () => {
    const targets = {
      ...bash,
      'Octopus.Action.SubstituteInFiles.TargetFiles': '*.conf',
      'Octopus.Action.Package.JsonConfigurationVariablesTargets': '**/*.json',
    };
    expect(read(targets).files).toBeUndefined();
    const features = 'Octopus.Features.SubstituteInFiles,Octopus.Features.JsonConfigurationVariables';
    expect(read({ ...targets, 'Octopus.Action.EnabledFeatures': features }).files).toEqual({
      substitute: '*.conf',
      structured: '**/*.json',
    });
    expect(read({ ...targets, 'Octopus.Action.SubstituteInFiles.Enabled': 'True' }).files).toEqual({
      substitute: '*.conf',
    });
    const transforms = {
      ...bash,
      'Octopus.Action.EnabledFeatures': 'Octopus.Features.ConfigurationTransforms',
    };
    expect(reason(read(transforms).run)).toContain('.NET configuration transforms');
  });

  it('from a package that is not named say so', () => {
    const run = read({ ...bash, 'Octopus.Action.Script.ScriptSource': 'Package' }).run;
    expect(reason(run)).toContain('ScriptFileName');
    expect(reason(run)).toContain('names no package');
  });

  it('for deployment targets do not run on a worker by mistake', () => {
    const roles = { Properties: { 'Octopus.Action.TargetRoles': 'web' } };
    expect(reason(read(bash, {}, roles).run)).toContain('deployment targets tagged "web"');
    expect(reason(read({ ...bash, 'Octopus.Action.RunOnServer': 'false' }).run)).toContain('RunOnServer');
    expect(read({ ...bash, 'Octopus.Action.RunOnServer': 'True' }, {}, roles).run.kind).toBe('Script');
  });
});

describe('containers and pools', () => {
  it('name image, feed and when to pull', () => {
    const Container = { FeedId: 'Feeds-1', Image: 'tools/base:1' };
    expect(read({ ...bash, 'Argonaut.Action.ImagePolicy': 'always' }, { Container })).toMatchObject({
      container: { feed: 'Feeds-1', image: 'tools/base:1' },
      options: { pull: 'always' },
    });
    expect(read(bash, { Container: { FeedId: null, Image: null } }).container).toBeUndefined();
  });

  it('run the program of their image, with words and environment as JSON', () => {
    const run = read(
      {
        'Argonaut.Action.Container.Command': '["/app"]',
        'Argonaut.Action.Container.Arguments': '["--name", "#{Name}"]',
        'Argonaut.Action.Container.Environment': '{"LEVEL": 3, "ON": true}',
      },
      { ActionType: 'Argonaut.Container', Container: { FeedId: 'Feeds-1', Image: 'app:1' } },
    ).run;
    expect(run).toEqual({
      kind: 'Container',
      command: ['/app'],
      arguments: ['--name', '#{Name}'],
      environment: { LEVEL: '3', ON: 'true' },
    });
  });

  it('say what is missing or cannot be built yet', () => {
    const none = read(
      { 'Argonaut.Action.Container.Command': '/app' },
      { ActionType: 'Argonaut.Container' },
    ).run;
    expect(reason(none)).toContain('names none');
    expect(reason(none)).toContain('must be a JSON array of texts');
    const fetched = { Image: null, FeedId: null, GitUrl: 'https://git.example.com/x' };
    expect(reason(read(bash, { Container: fetched }).run)).toContain('built from a Git repository');
  });

  it.each<[string, Readonly<Record<string, string>>, Fields]>([
    ['as Octopus writes it', {}, { Container: { Image: null, FeedId: null, Dockerfile: 'FROM x' } }],
    ['as a property', { 'Argonaut.Action.Container.Dockerfile': 'FROM x' }, {}],
  ])('may have an image that is built from a Dockerfile, %s', (_how, properties, fields) => {
    const given = { 'Argonaut.Action.Container.BuildArguments': '{"TAG": 3}' };
    const { container, name } = read({ ...bash, ...given, ...properties }, fields);
    expect(container).toEqual({
      image: `the image of step "${name}"`,
      build: { dockerfile: 'FROM x', arguments: { TAG: '3' } },
    });
  });

  it('name an image of the feed that they name', () => {
    const { run } = read(bash, { Container: { FeedId: 'Feeds-7', Image: ' ' } });
    expect(reason(run)).toMatch(
      /the container registry "Feeds-7" but no image. Choose an image of that feed/,
    );
  });

  it('have one source of their image', () => {
    const both = { Container: { Image: 'app:1', FeedId: 'Feeds-1', Dockerfile: 'FROM x' } };
    expect(reason(read(bash, both).run)).toContain('names the image "app:1" and has a Dockerfile');
  });

  it.each<[Fields, Action['workerPool']]>([
    [{}, { kind: 'default' }],
    [{ WorkerPoolId: '' }, { kind: 'default' }],
    [{ WorkerPoolId: 'WorkerPools-2' }, { kind: 'pool', id: 'WorkerPools-2' }],
    [{ WorkerPoolId: '#{ Pool }' }, { kind: 'variable', name: 'Pool' }],
    [
      { WorkerPoolId: 'WorkerPools-2', WorkerPoolVariable: 'Pool' },
      { kind: 'variable', name: 'Pool' },
    ],
  ])('choose a pool by %j', (fields, pool) => {
    expect(read(bash, fields).workerPool).toEqual(pool);
  });
});

describe('options', () => {
  it('are read from every property of the table', () => {
    const { options } = read({
      ...bash,
      'Octopus.Action.ExecutionTimeout.Minutes': '1.5',
      'Octopus.Action.AutoRetry.MaximumCount': '2',
      'Octopus.Action.AutoRetry.MinimumBackoff': '7',
      'Octopus.Action.Container.Options': '--cap-drop ALL',
      'Argonaut.Action.OneStream': 'true',
      'Argonaut.Action.ServiceMessages': 'False',
      'Argonaut.Action.HoldOnFailure.Minutes': '10',
      'Argonaut.Action.Network': 'None',
      'Argonaut.Action.User': '1000:1000',
      'Argonaut.Action.ReadOnlyRoot': 'True',
      'Argonaut.Action.Cpus': '0.5',
      'Argonaut.Action.Memory': '512m',
      'Argonaut.Action.Pids': '100',
      'Argonaut.Action.ExtraHosts': 'a:1.2.3.4, b:1.2.3.5',
      'Argonaut.Action.Dns': '1.1.1.1\n8.8.8.8',
      'Argonaut.Action.GraceSeconds': '30',
      'Argonaut.Action.Leftovers': 'Linger',
    });
    expect(options).toEqual({
      timeoutMs: 90_000,
      graceMs: 30_000,
      retries: { max: 2, backoffMs: 7_000 },
      oneStream: true,
      serviceMessages: false,
      holdOnFailureMs: 600_000,
      limits: { cpus: 0.5, memoryBytes: 536_870_912, pids: 100 },
      network: 'none',
      extraHosts: ['a:1.2.3.4', 'b:1.2.3.5'],
      dns: ['1.1.1.1', '8.8.8.8'],
      user: '1000:1000',
      readOnlyRoot: true,
      containerOptions: '--cap-drop ALL',
      leftovers: 'linger',
    });
  });

  it('that are absent or empty stay absent, and retries wait 15 seconds unless told otherwise', () => {
    expect(read({ ...bash, 'Argonaut.Action.User': '' }).options).toEqual({});
    const retry = { ...bash, 'Octopus.Action.AutoRetry.MaximumCount': '3' };
    expect(read(retry).options).toEqual({ retries: { max: 3, backoffMs: 15_000 } });
  });

  it('that let error output fail the step need it told apart', () => {
    const strict = { ...bash, 'Octopus.Action.FailScriptOnErrorOutput': 'True' };
    expect(read(strict).options).toEqual({ failOnErrorOutput: true });
    const why = reason(read({ ...strict, 'Argonaut.Action.OneStream': 'True' }).run);
    expect(why).toContain('Octopus.Action.FailScriptOnErrorOutput');
    expect(why).toContain('Argonaut.Action.OneStream');
  });

  it.each([
    ['Octopus.Action.ExecutionTimeout.Minutes', 'soon'],
    ['Octopus.Action.ExecutionTimeout.Minutes', '-1'],
    ['Octopus.Action.AutoRetry.MaximumCount', '1.5'],
    ['Argonaut.Action.OneStream', 'yes'],
    ['Octopus.Action.FailScriptOnErrorOutput', 'yes'],
    ['Argonaut.Action.Network', 'host'],
    ['Argonaut.Action.Cpus', '0'],
    ['Argonaut.Action.Memory', 'much'],
    ['Argonaut.Action.Memory', '1m'],
    ['Argonaut.Action.Pids', '0'],
  ])('%s = "%s" fails when its turn comes and names itself', (key, value) => {
    const why = reason(read({ ...bash, [key]: value }).run);
    expect(why).toContain(key);
    expect(why).toContain(`"${value}"`);
  });

  it.each<[string, string, string]>([
    ['Octopus.Action.ExecutionTimeout.Minutes', '#{Minutes}', 'timeout'],
    ['Octopus.Action.AutoRetry.MaximumCount', '#{Retries}', 'retries'],
    ['Octopus.Action.AutoRetry.MinimumBackoff', '#{Pause}', 'backoff'],
    ['Argonaut.Action.GraceSeconds', '1#{Zero}', 'grace'],
    ['Argonaut.Action.OneStream', '#{Ordered}', 'oneStream'],
    ['Octopus.Action.FailScriptOnErrorOutput', '#{Strict}', 'errorOutput'],
    ['Argonaut.Action.ServiceMessages', '#{Messages}', 'serviceMessages'],
    ['Argonaut.Action.HoldOnFailure.Minutes', '#{if Debug}60#{/if}', 'hold'],
    ['Argonaut.Action.Cpus', '#{Cpus}', 'cpus'],
    ['Argonaut.Action.Memory', '#{Megabytes}m', 'memory'],
    ['Argonaut.Action.Pids', '#{Pids}', 'pids'],
    ['Argonaut.Action.Network', '#{Network}', 'network'],
    ['Argonaut.Action.ReadOnlyRoot', '#{Locked}', 'readOnlyRoot'],
    ['Argonaut.Action.Leftovers', '#{Leftovers}', 'leftovers'],
    ['Argonaut.Action.ImagePolicy', '#{Pull}', 'pull'],
    ['Octopus.Action.RunOnServer', '#{Server}', 'runOnWorker'],
  ])('%s = "%s" is left to variables', (property, template, option) => {
    const action = read({ ...bash, [property]: template });
    expect(action.run.kind).toBe('Script');
    expect(action.options).toEqual({ bound: [{ option, property, template }] });
  });

  it('are variables of the step, as everything that a step template asked for; what is sealed is no part of it', () => {
    const action = read(
      { ...bash, Size: 'big', Key: { sealed: 'x' } as never },
      {},
      { Properties: { Window: '2' } },
    );
    expect(action.variables).toMatchObject({ Size: 'big', Window: '2' });
    expect(action.variables).not.toHaveProperty('Key');
  });
});

describe('conditions and manual steps', () => {
  it('take the expression of the step or the action', () => {
    const step = {
      Condition: 'Variable',
      Properties: { 'Octopus.Step.ConditionVariableExpression': '#{A}' },
      StartTrigger: 'StartWithPrevious',
    } as const;
    const action = { 'Octopus.Action.ConditionVariableExpression': '#{B}', ...bash };
    const process = toProcessSnapshot([storedStep(action, { Condition: 'Variable' }, step)]);
    expect(process.steps[0]).toMatchObject({
      condition: { kind: 'Variable', expression: '#{A}' },
      start: 'StartWithPrevious',
      actions: [{ condition: { kind: 'Variable', expression: '#{B}' } }],
    });
  });

  it('ask the teams that are named', () => {
    const run = read(
      {
        'Octopus.Action.Manual.Instructions': 'Look **well**',
        'Octopus.Action.Manual.ResponsibleTeamIds': 'Teams-1, Teams-2',
        'Octopus.Action.Manual.BlockConcurrentDeployments': 'True',
      },
      { ActionType: 'Octopus.Manual' },
    ).run;
    expect(run).toEqual({
      kind: 'Manual',
      instructions: 'Look **well**',
      responsibleTeams: ['Teams-1', 'Teams-2'],
      blockConcurrentDeployments: true,
    });
  });

  it('keep steps of unknown types, and steps without an action, in their places', () => {
    expect(read({}, { ActionType: 'Ocotpus.Script' }).run).toEqual({
      kind: 'Unsupported',
      actionType: 'Ocotpus.Script',
    });
    expect(reason(read({}, {}, { Actions: [] }).run)).toContain('has no action');
  });
});

describe('packages', () => {
  it('get the version that the release chose, else the one fixed in the process', () => {
    const packages = [
      { Name: '', PackageId: 'Web', FeedId: 'F', AcquisitionLocation: 'Server', Properties: {} },
      {
        Name: 'tools',
        PackageId: 'Tools',
        FeedId: 'F',
        AcquisitionLocation: 'ExecutionTarget',
        Version: '1.0',
        Properties: { Extract: 'False' },
      },
    ];
    const steps = [storedStep(bash, { Packages: packages })];
    const process = toProcessSnapshot(steps, [
      { ActionName: 'step', PackageReferenceName: '', Version: '2.0' },
    ]);
    expect(process.steps[0]?.actions[0]?.packages).toEqual([
      { name: '', packageId: 'Web', feed: 'F', version: '2.0', acquisition: 'Server', extract: true },
      {
        name: 'tools',
        packageId: 'Tools',
        feed: 'F',
        version: '1.0',
        acquisition: 'ExecutionTarget',
        extract: false,
      },
    ]);
  });
});
