/**
 * Adds up the results of several Vitest runs: `count.ts REPORT.json…` prints "N passed, N failed" and ends with
 * code 1 when anything failed or a report is missing.
 */
import { readFile } from 'node:fs/promises';

/** The part of Vitest's JSON report that is read here. */
export interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly {
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}

export interface Sum {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** A file that failed before any test of it ran counts as one failed test: it must not vanish from the sum. */
export function sum(reports: readonly Report[]): Sum {
  let [passed, failed, skipped] = [0, 0, 0];
  for (const report of reports) {
    passed += report.numPassedTests;
    failed += report.numFailedTests;
    skipped += report.numPendingTests + report.numTodoTests;
    for (const file of report.testResults) {
      const shown = file.assertionResults.some((test) => test.status === 'failed');
      if (file.status === 'failed' && !shown) failed += 1;
    }
  }
  return { passed, failed, skipped };
}

export const line = ({ passed, failed, skipped }: Sum) =>
  `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;

if (import.meta.main) {
  const reports: Report[] = [];
  let missing = 0;
  for (const file of process.argv.slice(2)) {
    try {
      reports.push(JSON.parse(await readFile(file, 'utf8')));
    } catch (error) {
      missing += 1;
      console.error(`no results in ${file}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  const counted = sum(reports);
  // A run without a report broke off: that is a failure of its own.
  const total = { ...counted, failed: counted.failed + missing };
  console.log(line(total));
  process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;
}
