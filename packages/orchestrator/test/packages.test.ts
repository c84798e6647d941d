/** When packages are asked for, and what their absence means. */
import type { AcquiredPackage } from '@argonaut/contracts/attempt';
import { describe, expect, test } from 'vitest';
import {
  advance,
  type Command,
  type CommandOf,
  initialState,
  type Plan,
  packageVariables,
  type Scope,
  type TaskEvent,
  type TaskState,
} from '../src/index.ts';
import { noVariables, packageReference, planOf, script, step } from './processes.ts';

/** Follows a plan; leases, images and stagings go well, packages are answered by the test. */
class Story {
  state: TaskState;
  readonly all: Command[] = [];
  readonly #plan: Plan;
  readonly #scope: Scope;

  constructor(plan: Plan, scope: Scope = noVariables) {
    this.#plan = plan;
    this.#scope = scope;
    this.state = initialState(plan);
    this.tell({ type: 'begin' });
  }

  tell(event: TaskEvent): void {
    const { state, commands } = advance(this.#plan, this.state, event, this.#scope);
    this.state = state;
    this.all.push(...commands);
    for (const command of commands) this.#answer(command);
  }

  #answer(command: Command): void {
    if (command.kind === 'lease') {
      const { pool, generation } = command;
      this.tell({ type: 'leased', pool, generation, worker: 'Workers-1', workerName: 'one' });
    } else if (command.kind === 'acquire') {
      const { image, acquisition, reference } = command;
      const acquired = { reference, local: reference, os: 'linux', architecture: 'amd64' };
      this.tell({ type: 'acquired', image, acquisition, acquired });
    }
  }

  bring({ package: key, acquisition, packageId, version, extract }: CommandOf<'acquire-package'>): void {
    this.tell({
      type: 'package-acquired',
      package: key,
      acquisition,
      acquired: { packageId, version, extension: '.zip', sha256: 'a'.repeat(64), extract },
    });
  }

  of<K extends Command['kind']>(kind: K): CommandOf<K>[] {
    return this.all.filter((command): command is CommandOf<K> => command.kind === kind);
  }

  get lines(): string[] {
    return this.of('say').map(({ text }) => text);
  }
}

const withPackages = (name: string, ...packages: ReturnType<typeof packageReference>[]) =>
  step(script(name, { packages }));

describe('before the first step', () => {
  test('every package is asked for once, with all images, and nothing is staged until it is there', () => {
    const story = new Story(
      planOf([
        step(script('first')),
        withPackages('a', packageReference('web'), packageReference('raw', { extract: false })),
        withPackages('b', packageReference('same', { packageId: 'Acme.web' })),
      ]),
    );
    const orders = story.of('acquire-package');
    expect(orders.map(({ packageId, extract }) => [packageId, extract])).toEqual([
      ['Acme.web', true],
      ['Acme.raw', false],
    ]);
    expect(story.of('activity').map(({ name }) => name)).toContain('Acquire images and packages');
    expect(story.of('stage')).toEqual([]);
    for (const order of orders) story.bring(order);
    expect(story.of('stage').map(({ attempt }) => attempt)).toEqual(['servertasks-1-s1-a1']);
  });

  test('a package that cannot be had fails the task before anything has run', () => {
    const story = new Story(planOf([step(script('first')), withPackages('a', packageReference('web'))]));
    const [order] = story.of('acquire-package');
    if (!order) throw new Error('no order');
    const { package: key, acquisition } = order;
    story.tell({ type: 'package-acquire-failed', package: key, acquisition, message: 'It is not there.' });
    expect(story.of('stage')).toEqual([]);
    expect(story.of('complete')).toMatchObject([{ result: 'Failed', errorMessage: 'It is not there.' }]);
  });

  test('one without a version says what to do', () => {
    const { version: _, ...loose } = packageReference('web');
    const story = new Story(planOf([withPackages('a', loose)]));
    expect(story.of('acquire-package')).toEqual([]);
    expect(story.of('complete')[0]?.errorMessage).toBe(
      'The package "Acme.web" has no version. Choose one in the release or the runbook snapshot.',
    );
  });

  test.each([
    [
      'package',
      { packageId: 'Acme.#{Token}' },
      'The package id "Acme.#{Token}" of the package "web" of step "a"',
    ],
    ['feed', { feed: '#{Token}' }, 'The feed "#{Token}" of the package "web" of step "a"'],
    ['version', { version: '1.0.#{Token}' }, 'The version "1.0.#{Token}" of the package "web" of step "a"'],
  ])('no secret decides what is asked for, because that is stored: %s', (_, part, message) => {
    const scope: Scope = {
      variables: () => ({ Token: 'trustno1' }),
      sensitive: () => new Set(['Token']),
      nowMs: 0,
    };
    const story = new Story(planOf([withPackages('a', packageReference('web', part))], { scope }), scope);
    expect(story.of('complete')[0]?.errorMessage).toContain(
      `${message} depends on the sensitive variable "Token".`,
    );
    expect(JSON.stringify([story.state, story.all])).not.toContain('trustno1');
  });

  test('one that is not to be acquired is not asked for', () => {
    const story = new Story(
      planOf([withPackages('a', packageReference('web', { acquisition: 'NotAcquired' }))]),
    );
    expect(story.of('acquire-package')).toEqual([]);
    expect(story.of('stage')[0]?.staging.packages).toBeUndefined();
  });

  test('a cancel withdraws what is under way', () => {
    const story = new Story(planOf([withPackages('a', packageReference('web'))]));
    const [order] = story.of('acquire-package');
    story.tell({ type: 'cancel-requested', request: 'one' });
    expect(story.of('abandon').map((abandon) => abandon.order)).toEqual([order?.id]);
    expect(story.of('complete')).toMatchObject([{ result: 'Canceled' }]);
  });
});

describe('a step', () => {
  test('is staged with its packages, and remembers them with the place where they lie', () => {
    const story = new Story(planOf([withPackages('a', packageReference('web'))]));
    for (const order of story.of('acquire-package')) story.bring(order);
    const [stage] = story.of('stage');
    expect(stage?.staging.packages).toEqual([
      {
        name: 'web',
        packageId: 'Acme.web',
        version: '1.0.0',
        extension: '.zip',
        sha256: 'a'.repeat(64),
        extract: true,
      },
    ]);
    story.tell({ type: 'staged', attempt: 'servertasks-1-s1-a1', work: '/argonaut/work' });
    expect(story.state.attempts['servertasks-1-s1-a1']).toMatchObject({
      packages: stage?.staging.packages,
      work: '/argonaut/work',
    });
  });

  test('whose package has gone from the worker meanwhile asks for it again', () => {
    const story = new Story(planOf([withPackages('a', packageReference('web'))]));
    for (const order of story.of('acquire-package')) story.bring(order);
    story.tell({
      type: 'stage-failed',
      attempt: 'servertasks-1-s1-a1',
      message: 'Gone.',
      again: true,
      imageGone: true,
    });
    const [, second] = story.of('acquire-package');
    expect(second?.acquisition).toBe(2);
    if (second) story.bring(second);
    expect(story.of('stage').map(({ attempt }) => attempt)).toEqual([
      'servertasks-1-s1-a1',
      'servertasks-1-s1-a2',
    ]);
  });

  test('is not prepared ahead while its package depends on an output', () => {
    const output = { 'Octopus.Action[first].Output.Which': 'web' };
    let known: Record<string, string> = {};
    const scope: Scope = { variables: () => known, nowMs: 0 };
    const reference = packageReference('dynamic', {
      packageId: 'Acme.#{Octopus.Action[first].Output.Which}',
    });
    const steps = [step(script('first')), withPackages('a', reference)];
    const story = new Story(planOf(steps, { scope }), scope);
    expect(story.of('acquire-package')).toEqual([]);
    story.tell({ type: 'staged', attempt: 'servertasks-1-s1-a1' });
    story.tell({ type: 'opened', attempt: 'servertasks-1-s1-a1' });
    known = output;
    const outcome = { result: 'Succeeded', cause: 'exited', message: '', infrastructure: false } as const;
    story.tell({ type: 'ended', attempt: 'servertasks-1-s1-a1', outcome });
    expect(story.of('acquire-package').map(({ packageId }) => packageId)).toEqual(['Acme.web']);
  });
});

test('variables tell where packages lie', () => {
  const one = (name: string, extract: boolean) => {
    const acquired: AcquiredPackage = {
      packageId: 'Acme.Web',
      version: '1.2.0',
      extension: '.tar.gz',
      sha256: 'a'.repeat(64),
      extract,
    };
    return { name, ...acquired };
  };
  expect(packageVariables([one('web', true), one('raw', false)], '/work')).toEqual({
    'Octopus.Action.Package[web].PackageId': 'Acme.Web',
    'Octopus.Action.Package[web].PackageVersion': '1.2.0',
    'Octopus.Action.Package[web].OriginalPath': '/work/web',
    'Octopus.Action.Package[web].ExtractedPath': '/work/web',
    'Octopus.Action.Package[raw].PackageId': 'Acme.Web',
    'Octopus.Action.Package[raw].PackageVersion': '1.2.0',
    'Octopus.Action.Package[raw].OriginalPath': '/work/raw.tar.gz',
    'Octopus.Action.Package[raw].PackageFilePath': '/work/raw.tar.gz',
    'Octopus.Action.Package[raw].PackageFileName': 'raw.tar.gz',
  });
  expect(packageVariables([one('', true)], '/work')).toMatchObject({
    'Octopus.Action.Package.ExtractedPath': '/work',
    'Octopus.Action.Package.InstallationDirectoryPath': '/work',
    OctopusOriginalPackageDirectoryPath: '/work',
  });
  expect(packageVariables([one('', false)], '/work')).toMatchObject({
    'Octopus.Action.Package.PackageFilePath': '/work/Acme.Web.1.2.0.tar.gz',
  });
});
