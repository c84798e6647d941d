/** Where a release may go, as a table: the phases, where it has been, and the answers. */
import { describe, expect, it } from 'vitest';
import {
  automaticEnvironments,
  missingForPromotion,
  nextEnvironments,
  obstacle,
  type Progress,
  phaseStates,
} from '../../src/releases/progression.ts';

interface PhaseNote {
  readonly name: string;
  readonly environments: readonly string[];
  readonly minimum?: number;
  readonly optional?: boolean;
  /** Its environments are deployed to by themselves. */
  readonly automatic?: boolean;
}

const dev = { name: 'Dev', environments: ['dev'] };
const test = { name: 'Test', environments: ['test1', 'test2'] };
const oneTest = { ...test, minimum: 1 };
const maybeTest = { ...test, optional: true };
const live = { name: 'Live', environments: ['live'] };

function progress(
  phases: readonly PhaseNote[],
  visits: string,
  options: { readonly ordered?: boolean; readonly defect?: string } = {},
): Progress {
  const words = visits.split(' ').filter((word) => word !== '');
  return {
    phases: phases.map(({ name, environments, minimum = 0, optional = false, automatic = false }) => ({
      Id: name,
      Name: name,
      AutomaticDeploymentTargets: automatic ? [...environments] : [],
      OptionalDeploymentTargets: automatic ? [] : [...environments],
      MinimumEnvironmentsBeforePromotion: minimum,
      IsOptionalPhase: optional,
    })),
    ordered: options.ordered ?? true,
    // `test1` was a success, `test1!` failed.
    reached: new Set(words.filter((word) => !word.endsWith('!'))),
    visited: new Set(words.map((word) => word.replace('!', ''))),
    defect: options.defect,
  };
}

/** phases · visits · open to · each phase · still missing */
const TABLE: readonly [string, readonly PhaseNote[], string, string, string, number][] = [
  ['starts in the first phase', [dev, test, live], '', 'dev', 'Current Pending Pending', 1],
  ['stays where it failed', [dev, test, live], 'dev!', 'dev', 'Current Pending Pending', 1],
  ['goes on after a success', [dev, test, live], 'dev', 'test1 test2', 'Complete Current Pending', 2],
  [
    'needs all environments of a phase',
    [dev, test, live],
    'dev test1',
    'test2',
    'Complete Current Pending',
    1,
  ],
  ['goes on when all are done', [dev, test, live], 'dev test1 test2', 'live', 'Complete Complete Current', 1],
  ['needs only the minimum', [dev, oneTest, live], 'dev test1', 'test2 live', 'Complete Complete Current', 1],
  [
    'passes an optional phase by',
    [dev, maybeTest, live],
    'dev',
    'test1 test2 live',
    'Complete Current Current',
    1,
  ],
  ['may begin beyond an optional phase', [maybeTest, live], '', 'test1 test2 live', 'Current Current', 1],
  [
    'does not pass a phase before an optional one',
    [dev, maybeTest, live],
    '',
    'dev',
    'Current Pending Pending',
    1,
  ],
  ['has nowhere to go at the end', [dev, live], 'dev live', '', 'Complete Complete', 0],
  [
    'a minimum over the phase means all',
    [{ ...test, minimum: 9 }, live],
    'test1',
    'test2',
    'Current Pending',
    1,
  ],
  [
    'a phase without environments is no hurdle',
    [{ name: 'None', environments: [] }, live],
    '',
    'live',
    'Complete Current',
    1,
  ],
];

describe('a release in a lifecycle', () => {
  it.each(TABLE)('%s', (_, phases, visits, next, states, missing) => {
    const now = progress(phases, visits);
    expect(nextEnvironments(now).join(' ')).toBe(next);
    expect(
      phaseStates(now)
        .map((state) => state.phase.Progress)
        .join(' '),
    ).toBe(states);
    expect(missingForPromotion(now)).toBe(missing);
    const names = { lifecycle: 'L', release: '1.0', environment: (id: string) => id };
    for (const id of next.split(' ').filter((each) => each !== '')) {
      expect(obstacle(now, id, names)).toBeUndefined();
    }
  });

  it('may go anywhere, at any time, where the lifecycle has no phases of its own', () => {
    const now = progress([dev, test, live], '', { ordered: false });
    expect(nextEnvironments(now)).toEqual(['dev', 'test1', 'test2', 'live']);
    expect(missingForPromotion(now)).toBe(0);
  });

  it('goes nowhere new with a defect, but may be repaired where it has been', () => {
    const now = progress([dev, live], 'dev', { defect: 'Data is lost.' });
    const names = { lifecycle: 'L', release: '1.0', environment: (id: string) => id };
    expect(nextEnvironments(now)).toEqual([]);
    expect(obstacle(now, 'dev', names)).toBeUndefined();
    expect(obstacle(now, 'live', names)).toBe(
      'The release 1.0 is prevented from progressing to "live": Data is lost. Resolve the defect first.',
    );
    expect(phaseStates(now).map((state) => state.phase.Blocked)).toEqual([false, true]);
  });

  it('is told what comes first', () => {
    const names = { lifecycle: 'L', release: '1.0', environment: (id: string) => id.toUpperCase() };
    expect(obstacle(progress([dev, test, live], 'dev test1'), 'live', names)).toBe(
      'The release 1.0 may not be deployed to "LIVE" yet: the phase "Test" comes first and needs successful deployments to "TEST2".',
    );
    expect(obstacle(progress([dev, oneTest, live], 'dev'), 'live', names)).toContain(
      'the phase "Test" comes first and needs successful deployments to 1 of "TEST1", "TEST2".',
    );
    expect(obstacle(progress([dev], ''), 'moon', names)).toBe(
      'The lifecycle "L" does not include the environment "MOON". It allows "DEV".',
    );
  });
});

const auto = (phase: PhaseNote): PhaseNote => ({ ...phase, automatic: true });

/** phases · visits before · what succeeded now, `-` for a new release · deployed to by itself */
const ENTRIES: readonly [string, readonly PhaseNote[], string, string, string][] = [
  ['a new release enters the first phase', [auto(dev), auto(live)], '', '-', 'dev'],
  ['… with all of its environments', [auto(test), live], '', '-', 'test1 test2'],
  ['a new release stays where the first phase is manual', [dev, auto(live)], '', '-', ''],
  ['a phase that is complete leads to the next', [dev, auto(test)], '', 'dev', 'test1 test2'],
  ['one success of two does not', [test, auto(live)], '', 'test1', ''],
  ['the second of two does', [test, auto(live)], 'test1', 'test2', 'live'],
  ['the minimum is enough', [oneTest, auto(live)], '', 'test1', 'live'],
  ['what comes after the minimum enters nothing again', [oneTest, auto(live)], 'test1', 'test2', ''],
  ['a second success in one environment enters nothing', [dev, auto(live)], 'dev', 'dev', ''],
  ['where it has been it does not go again', [dev, auto(test)], 'test1!', 'dev', 'test2'],
  ['optional phases are never entered by themselves', [dev, auto(maybeTest), live], '', 'dev', ''],
  ['… but are passed by', [dev, auto(maybeTest), auto(live)], '', 'dev', 'live'],
  ['an optional first phase lets a new release pass', [maybeTest, auto(live)], '', '-', 'live'],
];

describe('a release that enters a phase', () => {
  it.each(ENTRIES)('%s', (_, phases, visits, success, deployed) => {
    const earlier = progress(phases, visits);
    const now = progress(phases, `${visits} ${success === '-' ? '' : success}`);
    const entries = automaticEnvironments(now, success === '-' ? undefined : earlier.reached);
    expect(entries.map(({ environmentId }) => environmentId).join(' ')).toBe(deployed);
  });

  it('names the phase, and is nothing of a lifecycle without phases of its own', () => {
    expect(automaticEnvironments(progress([auto(dev)], ''))).toEqual([
      { phase: 'Dev', environmentId: 'dev' },
    ]);
    expect(automaticEnvironments(progress([auto(dev)], '', { ordered: false }))).toEqual([]);
  });
});
