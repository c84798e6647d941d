/** What the crash test lets the driver do while it is killed. */
import type { LogPosition, Outcome } from '@argonaut/contracts/attempt';
import { crashContents } from './package.ts';

/** What the driver remembers of an attempt, on its own disk. */
export interface CrashRecord {
  /** Staging was asked for. */
  asked: boolean;
  cursor: number;
  ahead?: NonNullable<LogPosition['ahead']>;
  output: string;
  outcome?: Outcome;
  finished: boolean;
}

export interface Scenario {
  /** One attempt each, all at once. */
  readonly places: readonly ('container' | 'host')[];
  readonly script: (ledger: string, place: 'container' | 'host') => string;
  /** Each begins with the package of `package.ts`. */
  readonly packages?: true;
  readonly cancel?: true;
  readonly discard?: true;
  /** A container beside each attempt. */
  readonly services?: true;
  /** What a run must have told and counted. */
  readonly expected: {
    readonly starts: number | 'at most one';
    readonly output?: string;
    readonly results: readonly Outcome['result'][];
  };
}

/** Every start of the program leaves a line where the product cannot reach it. */
function counted(ledger: string, place: 'container' | 'host'): string {
  const file = place === 'host' ? ledger : `/ledger/${ledger.slice(ledger.lastIndexOf('/') + 1)}`;
  return `echo started >> ${file}`;
}

/** Names of containers, too: two runs of the test on one engine must not meet. */
export function attemptOf(directory: string, index: number): string {
  return `crash-${directory.slice(-6).toLowerCase()}-${index}`;
}

export const scenarios: Readonly<Record<string, Scenario>> = {
  /** Shorter than 100 ms, two at once. */
  run: {
    places: ['container', 'host'],
    packages: true,
    script: (ledger, place) => `${counted(ledger, place)}; cat web/*; echo two; exit 7`,
    expected: { starts: 1, output: `${crashContents}two\n`, results: ['Failed'] },
  },
  /** Long enough to be killed many times, and printing all the while. */
  long: {
    places: ['container', 'host'],
    script: (ledger, place) =>
      `${counted(ledger, place)}; i=0; while [ $i -lt 400 ]; do echo "line $i"; sleep 0.01; i=$((i+1)); done; exit 7`,
    expected: {
      starts: 1,
      output: Array.from({ length: 400 }, (_, i) => `line ${i}\n`).join(''),
      results: ['Failed'],
    },
  },
  cancel: {
    places: ['container'],
    script: (ledger, place) =>
      `${counted(ledger, place)}; trap 'echo cancelled; exit 9' TERM; while :; do sleep 0.05; done`,
    cancel: true,
    expected: { starts: 'at most one', results: ['Cancelled'] },
  },
  /** The step needs what the service gives, so it was there whenever the step ran. */
  services: {
    places: ['container'],
    script: (ledger, place) => `${counted(ledger, place)}; nc web 8080 </dev/null; exit 7`,
    services: true,
    expected: { starts: 1, output: 'served\n', results: ['Failed'] },
  },
  discard: {
    places: ['container', 'host'],
    script: () => 'exit 1',
    discard: true,
    expected: { starts: 0, results: [] },
  },
};
