/** What a step reads about itself, the steps before it, and where it runs; and what its log says about variables. */
import { plainAction, type Run } from '@argonaut/orchestrator';
import { describe, expect, it } from 'vitest';
import { MemoryRunStore } from '../../src/execution/index.ts';
import { readFrames } from '../../src/tasklog/index.ts';
import { aStep, type HarnessOptions, harness, runToEnd, TASK } from './harness.ts';

type Program = ReturnType<NonNullable<HarnessOptions['programs']>>;

const container = (template: string): Run => ({ kind: 'Container', arguments: [template] });

/** A step that works, one that fails, one that is left out, and one that reads the template. */
async function read(template: string): Promise<string | undefined> {
  let seen: string | undefined;
  const skipped = plainAction('skipped', 'skipped', container(''));
  const setup = await harness(
    [
      aStep('works', { action: { variables: { 'Octopus.Action.TargetRoles': 'web' } } }),
      aStep('fails'),
      { ...aStep('skipped'), actions: [{ ...skipped, enabled: false }] },
      { ...aStep('reader', { action: { run: container(template) } }), condition: { kind: 'Always' } },
    ],
    {
      programs(title, late): Program {
        if (title === 'reader') seen = late.argv[1];
        return title === 'fails' ? { exit: 3 } : {};
      },
    },
  );
  const { variables } = setup.ports;
  const load = async (task: string) => ({
    ...(await variables.load(task)),
    pools: new Map([['WorkerPools-1', 'Default pool']]),
  });
  await runToEnd({ ...setup, ports: { ...setup.ports, variables: { load } } });
  return seen;
}

describe('a step reads', () => {
  it.each<[template: string, text: string | RegExp]>([
    ['#{Octopus.Task.Id}', TASK],
    ['#{Octopus.Task.Name}', 'Deploy'],
    ['#{Octopus.Step.Id}', /./],
    ['#{Octopus.Step.Name}', 'reader'],
    ['#{Octopus.Step.Number}', '4'],
    ['#{Octopus.Step.Status.Code}', 'Running'],
    ['#{Octopus.Action.Id}', /./],
    ['#{Octopus.Action.Name}', 'reader'],
    ['#{Octopus.Action.StepName}', 'reader'],
    ['#{Octopus.Action.Number}', '4'],
    ['#{Octopus.Action.Container.Image}', 'alpine:3'],
    ['#{Octopus.WorkerPool.Id}', 'WorkerPools-1'],
    ['#{Octopus.WorkerPool.Name}', 'Default pool'],
    ['#{Octopus.Worker.Id}', 'Workers-1'],
    ['#{Octopus.Worker.Name}', 'worker one'],
    ['#{Octopus.Step[works].Name}', 'works'],
    ['#{Octopus.Step[works].Number}', '1'],
    ['#{Octopus.Step[works].Status.Code}', 'Succeeded'],
    ['#{Octopus.Step[fails].Status.Code}', 'Failed'],
    ['#{Octopus.Step[fails].Status.Error}', /3/],
    ['#{Octopus.Step[fails].Status.ErrorDetail}', /3/],
    ['#{Octopus.Step[skipped].Status.Code}', 'Skipped'],
    ['#{Octopus.Action[works].Name}', 'works'],
    ['#{Octopus.Action[works].Number}', '1'],
    ['#{Octopus.Action[works].TargetRoles}', 'web'],
    ['#{Octopus.Action[works].Status.Code}', 'Succeeded'],
    ['#{Octopus.Action[fails].Status.Code}', 'Failed'],
    ['#{Octopus.Action[fails].Status.Error}', /3/],
    ['#{Octopus.Action[fails].Status.ErrorDetail}', /3/],
    ['#{Octopus.Action[works].IsSkipped}', 'False'],
    ['#{Octopus.Action[skipped].IsSkipped}', 'True'],
    ['#{Octopus.Deployment.Error}', /"fails" failed/],
    ['#{Octopus.Deployment.ErrorDetail}', /"fails" failed/],
    [
      '#{each step in Octopus.Step}#{step.Name} #{step.Status.Code};#{/each}',
      'works Succeeded;fails Failed;skipped Skipped;reader Running;',
    ],
  ])('%s', async (template, expected) => {
    const text = await read(template);
    if (typeof expected === 'string') expect(text).toBe(expected);
    else expect(text).toMatch(expected);
  });
});

/** The lines that the server itself wrote into the log of a script with these variables. */
async function notes(body: string, variables: Record<string, string>, sensitive: string[] = []) {
  const store = new MemoryRunStore();
  let script = '';
  const setup = await harness(
    [aStep('web', { action: { run: { kind: 'Script', syntax: 'Sh', source: { kind: 'Inline', body } } } })],
    {
      store,
      variables,
      sensitive,
      programs(_title, late) {
        script = Buffer.from(late.files.at(-1)?.bytes ?? []).toString();
        return {};
      },
    },
  );
  const { result, errorMessage } = await runToEnd(setup);
  const lines: string[] = [];
  for await (const { frame } of readFrames(store.log(TASK))) {
    if (frame.type === 'text' && frame.source === 'server') {
      lines.push(`${frame.level}: ${Buffer.from(frame.bytes).toString().trimEnd()}`);
    }
  }
  return { result, errorMessage, lines: lines.join('\n'), script };
}

describe('a script with what cannot be resolved', () => {
  it('keeps the text and warns', async () => {
    const { result, lines, script } = await notes('echo #{Known} #{Nowhere}', { Known: 'yes' });
    expect(result).toBe('Success');
    expect(script).toContain('echo yes #{Nowhere}');
    expect(lines).toMatch(/^Warning: The script could not be evaluated completely: .*#\{Nowhere\}/m);
  });

  it('fails when OctopusShouldFailDeploymentOnSubstitutionFails says so', async () => {
    const strict = { OctopusShouldFailDeploymentOnSubstitutionFails: 'True' };
    const { result, errorMessage, script } = await notes('echo #{Nowhere}', strict);
    expect([result, script]).toEqual(['Failed', '']);
    expect(errorMessage).toContain('#{Nowhere}');
    expect(await notes('echo fine', strict)).toMatchObject({ result: 'Success' });
  });
});

describe('what is wrong with a text', () => {
  it.each(['#{Name | Match #{Pattern}}', '#{Pattern | VersionMajor}', '#{Password}'])(
    '%s is told without the secrets in it',
    async (template) => {
      const values = { Name: 'x', Pattern: 'canary(', Password: 'p#{canary}' };
      for (const strict of ['True', 'False']) {
        const variables = { ...values, OctopusShouldFailDeploymentOnSubstitutionFails: strict };
        const { errorMessage, lines } = await notes(template, variables, ['Pattern', 'Password']);
        expect(lines).toContain('could not be evaluated completely');
        expect(errorMessage + lines).not.toContain('canary');
      }
    },
  );
});

describe('printed variables', () => {
  const values = { Greeting: 'hello #{Name}', Name: 'you', Password: 'canary', Url: 'u:#{Password}@h' };

  it.each([
    ['OctopusPrintVariables', "[Greeting] = 'hello #{Name}'", "[Url] = 'u:#{Password}@h'"],
    ['OctopusPrintEvaluatedVariables', "[Greeting] = 'hello you'", "[Url] = 'u:********@h'"],
  ])('%s writes them into the log, secrets as asterisks', async (name, ...expected) => {
    const { lines } = await notes('true', { ...values, [name]: 'True' }, ['Password']);
    for (const line of expected) expect(lines).toContain(line);
    expect(lines).toContain("[Password] = '********'");
    expect(lines).not.toContain('canary');
    expect(lines).toMatch(/^Warning: All variables are printed/m);
  });

  it('are not printed unless asked for', async () => {
    expect((await notes('true', values, ['Password'])).lines).not.toContain('Greeting');
  });
});
