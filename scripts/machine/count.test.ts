import { describe, expect, test } from 'vitest';
import { failures, line, type Report, sum } from './count.ts';

const report = (changes: Partial<Report>): Report => ({
  numPassedTests: 0,
  numFailedTests: 0,
  numPendingTests: 0,
  numTodoTests: 0,
  testResults: [],
  ...changes,
});

const fileWith = (...states: readonly string[]) => ({
  name: 'a.test.ts',
  status: states.includes('failed') ? 'failed' : 'passed',
  assertionResults: states.map((status, index) => ({
    status,
    fullName: `test ${index}`,
    failureMessages: status === 'failed' ? ['expected 1\n    to be 2'] : [],
  })),
});

describe('the sum of test runs', () => {
  test('adds what passed, failed and was skipped', () => {
    const reports = [
      report({ numPassedTests: 3, numFailedTests: 1, numPendingTests: 2 }),
      report({ numPassedTests: 4, numTodoTests: 1 }),
    ];
    expect(sum(reports)).toEqual({ passed: 7, failed: 1, skipped: 3 });
  });

  test('counts a file that failed before its tests as one failure', () => {
    const broken = { name: 'a.test.ts', status: 'failed', assertionResults: [] };
    expect(sum([report({ testResults: [broken] })]).failed).toBe(1);
  });

  test('does not count a failed test twice', () => {
    const file = fileWith('passed', 'failed');
    expect(sum([report({ numPassedTests: 1, numFailedTests: 1, testResults: [file] })]).failed).toBe(1);
  });

  test('closes with a plain line, and names the skipped only when there are any', () => {
    expect(line({ passed: 7, failed: 0, skipped: 0 })).toBe('7 passed, 0 failed');
    expect(line({ passed: 7, failed: 0, skipped: 3 })).toBe('7 passed, 0 failed, 3 skipped');
  });
});

describe('what failed', () => {
  test('is told with its file, its name and what it said; what passed is not', () => {
    const reports = [
      report({ testResults: [fileWith('passed')] }),
      report({ testResults: [fileWith('passed', 'failed')] }),
    ];
    expect(failures(reports)).toEqual(['FAILED a.test.ts: test 1\n  expected 1\n      to be 2']);
  });

  test('is the file itself when none of its tests ran', () => {
    const broken = { name: 'a.test.ts', status: 'failed', message: 'no such module', assertionResults: [] };
    expect(failures([report({ testResults: [broken] })])).toEqual(['FAILED a.test.ts\n  no such module']);
  });

  test('is told in short when it said a lot', () => {
    const long = Array.from({ length: 1_000 }, (_, index) => `line ${index}`).join('\n');
    const broken = { name: 'a.test.ts', status: 'failed', message: long, assertionResults: [] };
    expect(failures([report({ testResults: [broken] })])[0]?.split('\n')).toHaveLength(31);
  });
});
