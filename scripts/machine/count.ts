/**
 * Adds up the results of several Vitest runs: `count.ts REPORT.json…` prints "N passed, N failed" and ends with
 * code 1 when anything failed or a report is missing. What failed is told before, on stderr: the log of a run is long,
 * and of a run elsewhere often only the end is at hand.
 */
import { readFile } from 'node:fs/promises';

/** The part of Vitest's JSON report that is read here. */
export interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    /** Why the file failed before any test of it ran. */
    readonly message?: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly fullName: string;
      readonly failureMessages?: readonly string[];
    }[];
  }[];
}

/** Of each failure's message, this many lines: enough for what differed and where. */
const LINES_OF_A_FAILURE = 30;

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

/** What failed, as text to read: file, test, and the head of what it said. */
export function failures(reports: readonly Report[]): string[] {
  const told = (name: string, message: string) =>
    [`FAILED ${name}`, ...message.split('\n').slice(0, LINES_OF_A_FAILURE)].join('\n  ');
  return reports.flatMap(({ testResults }) =>
    testResults
      .filter(({ status }) => status === 'failed')
      .flatMap(({ name, message = '', assertionResults }) => {
        const failed = assertionResults.filter(({ status }) => status === 'failed');
        if (failed.length === 0) return [told(name, message)];
        return failed.map(({ fullName, failureMessages = [] }) =>
          told(`${name}: ${fullName}`, failureMessages.join('\n')),
        );
      }),
  );
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
  for (const failure of failures(reports)) console.error(failure);
  const counted = sum(reports);
  // A run without a report broke off: that is a failure of its own.
  const total = { ...counted, failed: counted.failed + missing };
  console.log(line(total));
  process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;
}
