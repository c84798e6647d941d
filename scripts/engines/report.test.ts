import { describe, expect, it } from 'vitest';
import { isGood, page, resultsOf } from './report.ts';

const facts = {
  version: '28.5.2',
  api: '1.51',
  driver: 'overlayfs',
  containerd: '2.1',
  runc: '1.3',
  kernel: '6',
};
const report = (...statuses: string[]) => ({
  testResults: [
    {
      name: '/root/a.test.ts',
      message: 'cannot be read',
      assertionResults: statuses.map((status, at) => ({ status, fullName: `test ${at}` })),
    },
  ],
});
const run = (...statuses: string[]) => ({
  store: 'classic',
  facts,
  results: resultsOf(report(...statuses), '/root'),
});

const about = (runs: readonly ReturnType<typeof run>[], ...skipped: string[]) => ({
  commit: 'abc1234',
  machine: '2 x processor',
  began: new Date(0),
  minutes: 12.34,
  skipped,
  runs,
});

describe('the report about engines', () => {
  it('counts', () => {
    expect(resultsOf(report('passed', 'failed', 'skipped', 'pending'), '/root')).toEqual([
      { file: 'a.test.ts', passed: 1, failed: ['test 1'], skipped: 2 },
    ]);
  });

  it('is good only when something ran and nothing failed', () => {
    expect(isGood([run('passed')])).toBe(true);
    expect(isGood([])).toBe(false);
    expect(isGood([run('passed'), run('failed')])).toBe(false);
    // A file that cannot be loaded has no tests.
    expect(isGood([run()])).toBe(false);
  });

  it('names engine, store, counts and what failed', () => {
    const text = page(about([run('passed', 'failed')]), '## Differences');
    expect(text).toContain('| Docker 28.5.2 | 1.51 | classic (`overlayfs`) | 2.1 | 1.3 | 6 |');
    expect(text).toContain('| Docker 28.5.2, classic | a.test.ts | 1 | 1 | 0 |');
    expect(text).toContain('- Docker 28.5.2, classic, a.test.ts: test 1');
    expect(text.endsWith('## Differences\n')).toBe(true);
  });

  it('names what it was run from, when, and what was left out', () => {
    const text = page(about([run('passed')], 'an engine'), '');
    expect(text).toContain('| commit | abc1234 |');
    expect(text).toContain('| began | 1970-01-01T00:00:00.000Z, 12.3 minutes |');
    expect(text).toContain('| skipped on this machine | an engine |');
  });
});
