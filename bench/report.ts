/**
 * What every benchmark shares: rows of figures, checks of what makes them honest, and how both are printed.
 * A benchmark compares in one run: its variants take turns, so that a busy machine disturbs all of them alike.
 */

import { execFileSync } from 'node:child_process';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

export interface Row {
  readonly name: string;
  readonly p50: number;
  readonly p90: number;
  /** `ratio`, `ms`, `MB/s`, … */
  readonly unit: string;
  /** The figure that p50 should not exceed; null if the row is only information. */
  readonly goal: number | null;
}

export interface Check {
  readonly name: string;
  readonly ok: boolean;
}

export interface Report {
  readonly name: string;
  readonly machine: string;
  readonly commit: string;
  readonly rounds: number;
  readonly rows: readonly Row[];
  readonly checks: readonly Check[];
}

/** The value below which the given share of the samples lies (nearest rank); share from 0 to 1. */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  if (value === undefined) throw new RangeError('A percentile needs at least one sample.');
  return value;
}

/** A row from the samples of one variant, rounded to three digits. */
export function row(name: string, samples: readonly number[], unit: string, goal: number | null = null): Row {
  const figure = (share: number): number => Number(percentile(samples, share).toPrecision(3));
  return { name, p50: figure(0.5), p90: figure(0.9), unit, goal };
}

/** Milliseconds that `run` takes. */
export function time(run: () => void): number {
  const start = performance.now();
  run();
  return performance.now() - start;
}

/** Heap and buffers of this process in MB, after a collection. */
export function heldMegabytes(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 1e6;
}

export function report(name: string, rounds: number, rows: readonly Row[], checks: readonly Check[]): Report {
  return { name, machine: machine(), commit: commit(), rounds, rows, checks };
}

/** What it ran on, without a name or a path. */
export function machine(): string {
  const model = cpus()[0]?.model ?? 'unknown processor';
  const gigabytes = Math.round(totalmem() / 1024 ** 3);
  return `${availableParallelism()} x ${model}, ${gigabytes} GB, ${process.platform} ${process.arch}, Node ${process.versions.node}`;
}

/** Marked with `+` if tracked files differ from it. */
export function commit(): string {
  const git = (...words: string[]): string =>
    execFileSync('git', words, { encoding: 'utf8', cwd: import.meta.dirname }).trim();
  try {
    return git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain', '-uno') === '' ? '' : '+');
  } catch {
    return 'unknown';
  }
}

/** Prints JSON with `--json` and a table otherwise. A check that fails sets the exit code: then no figure counts. */
export function print(result: Report): void {
  if (process.argv.includes('--json')) console.log(JSON.stringify(result, null, 2));
  else {
    console.log(`${result.name}: ${result.rounds} rounds on ${result.machine}, commit ${result.commit}`);
    console.table(Object.fromEntries(result.rows.map(({ name, ...figures }) => [name, figures])));
    for (const { name, ok } of result.checks) console.log(`${ok ? 'ok    ' : 'FAILED'} ${name}`);
  }
  if (result.checks.some(({ ok }) => !ok)) process.exitCode = 1;
}
