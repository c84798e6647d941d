import { describe, expect, test } from 'vitest';
import { line, type Report, sum } from './count.ts';

const report = (changes: Partial<Report>): Report => ({
  numPassedTests: 0,
  numFailedTests: 0,
  numPendingTests: 0,
  numTodoTests: 0,
  testResults: [],
  ...changes,
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
    const broken = { status: 'failed', assertionResults: [] };
    expect(sum([report({ testResults: [broken] })]).failed).toBe(1);
  });

  test('does not count a failed test twice', () => {
    const file = { status: 'failed', assertionResults: [{ status: 'passed' }, { status: 'failed' }] };
    expect(sum([report({ numPassedTests: 1, numFailedTests: 1, testResults: [file] })]).failed).toBe(1);
  });

  test('closes with a plain line, and names the skipped only when there are any', () => {
    expect(line({ passed: 7, failed: 0, skipped: 0 })).toBe('7 passed, 0 failed');
    expect(line({ passed: 7, failed: 0, skipped: 3 })).toBe('7 passed, 0 failed, 3 skipped');
  });
});
