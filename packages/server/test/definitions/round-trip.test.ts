/** Whatever is written into a process comes back as it was written: random processes, twice through the server. */
import { describe, expect, it } from 'vitest';
import { loadRelease } from '../../src/releases/load.ts';
import { type Seeded, seeded } from '../feeds/seeded.ts';
import { projectWorld } from './support.ts';

const ROUNDS = 40;
const LETTERS = 'abcXYZ019 ._-#{}[]":/\\äß€🐙\n';
const KNOWN_KEYS = [
  'Octopus.Action.Script.Syntax',
  'Octopus.Action.Script.ScriptBody',
  'Octopus.Action.RunOnServer',
  'octopus.action.executiontimeout.minutes',
  'Argonaut.Action.Memory',
  'Argonaut.Action.Container.Arguments',
  'Octopus.Action.Package.PackageId',
  '__proto__x',
  'Links',
  'Id',
];

describe('a process', () => {
  it('survives writing and reading, with all that the server does not know', async () => {
    const random = seeded();
    await using world = await projectWorld();
    for (let round = 0; round < ROUNDS; round += 1) {
      const steps = Array.from({ length: random.whole(0, 3) }, (_, index) => stepOf(random, index));
      const saved = await world.saveSteps(steps);
      expect([saved.status, random.hint]).toEqual([200, random.hint]);
      expect(withoutIds(saved.body.Steps), random.hint).toEqual(steps);
      const again = await world.saveSteps(saved.body.Steps);
      expect(again.body.Steps, random.hint).toEqual(saved.body.Steps);
      // Whatever it says, it can be frozen and loaded; what cannot run says so in its place.
      const made = await world.server.call('POST', '/api/Spaces-1/releases/create/v1', {
        ProjectName: 'Shop',
        PackageVersion: '1.0',
      });
      expect([made.status, random.hint]).toEqual([201, random.hint]);
      const loaded = await loadRelease(world.server.services, made.body.ReleaseId);
      expect(loaded.process.steps.map((step) => step.name)).toEqual(
        steps.map((step) => (step as { Name: string }).Name),
      );
    }
  });
});

/** Everything that a client may say is said, so that no default is filled in; ids and slugs are the server's. */
function stepOf(random: Seeded, index: number): Record<string, unknown> {
  return {
    Name: `Step ${index} ${random.text('abc ', 0, 5)}`.trim(),
    Condition: random.pick(['Success', 'Failure', 'Always', 'Variable']),
    StartTrigger: random.pick(['StartAfterPrevious', 'StartWithPrevious']),
    PackageRequirement: random.pick(['LetOctopusDecide', 'BeforePackageAcquisition']),
    Properties: propertiesOf(random),
    ...strange(random),
    Actions: Array.from({ length: random.whole(0, 2) }, (_, position) => actionOf(random, position)),
  };
}

function actionOf(random: Seeded, position: number): Record<string, unknown> {
  return {
    Name: `Action ${position}`,
    ActionType: random.pick([
      'Octopus.Script',
      'Octopus.Manual',
      'Argonaut.Container',
      'Ocotpus.Script',
      '?',
    ]),
    Notes: random.pick([null, '', '*notes*']),
    IsDisabled: random.pick([true, false]),
    IsRequired: random.pick([true, false]),
    CanBeUsedForProjectVersioning: random.pick([true, false]),
    WorkerPoolId: random.pick([null, '', 'WorkerPools-1', '#{Pool}']),
    WorkerPoolVariable: random.pick([null, 'Pool']),
    Container: {
      FeedId: random.pick([null, '', 'Feeds-1']),
      Image: random.pick([null, 'a/b:1']),
      ...strange(random),
    },
    Environments: random.pick([[], ['Environments-1']]),
    ExcludedEnvironments: random.pick([[], ['Environments-2', 'Environments-3']]),
    Channels: [],
    TenantTags: random.pick([[], ['set/tag']]),
    Condition: random.pick(['Success', 'Variable']),
    Packages: random.pick([
      [],
      [
        {
          Name: random.text('abc', 0, 3),
          PackageId: random.text(LETTERS, 0, 8),
          FeedId: 'feeds-builtin',
          AcquisitionLocation: random.pick(['Server', 'NotAcquired', '#{Where}']),
          Version: random.pick([null, '1.0']),
          Properties: propertiesOf(random),
          ...strange(random),
        },
      ],
    ]),
    GitDependencies: random.pick([[], [{ Name: '', RepositoryUri: 'https://example.com' }]]),
    Properties: propertiesOf(random),
    ...strange(random),
  };
}

function propertiesOf(random: Seeded): Record<string, string> {
  return Object.fromEntries(
    Array.from({ length: random.whole(0, 4) }, () => [
      random.pick([...KNOWN_KEYS, `k${random.text(LETTERS, 0, 6)}`]),
      random.pick(['True', '#{A}', '["x"]', '3', '512m', random.text(LETTERS, 0, 20)]),
    ]),
  );
}

/** Fields that a newer version of the product may have. */
function strange(random: Seeded): Record<string, unknown> {
  return random.pick([
    {},
    { Inputs: { nested: [1, null, { a: false }] } },
    { StepPackageVersion: '1.2.3', Dockerfile: 'FROM scratch\n' },
  ]);
}

function withoutIds(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutIds);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, entry]) => !isMade(key, entry))
      .map(([key, entry]) => [key, key === 'Properties' ? entry : withoutIds(entry)]),
  );
}

function isMade(key: string, value: unknown): boolean {
  return key === 'Slug' || (key === 'Id' && /^[0-9a-f-]{36}$/.test(String(value)));
}
