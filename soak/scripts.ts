/**
 * Scripts whose two streams are known beforehand: each counts its own start in a ledger outside the product, writes
 * numbers that follow from a seed, and ends with the code that it was given.
 */
import { createHash } from 'node:crypto';

/** The generator of Park and Miller: its products fit into a double, so that awk and this process agree. */
const MULTIPLIER = 16_807;
const MODULUS = 2 ** 31 - 1;

export interface Streams {
  /** Seeds of the two streams, from 1 to 2^31 - 2. */
  readonly outSeed: number;
  readonly errSeed: number;
  /** Lines of each stream; the pause comes in the middle. */
  readonly lines: number;
  readonly pauseMs: number;
}

export interface KnownScript extends Streams {
  /** A shell command that counts a start, and fails when it cannot. */
  readonly countStart: string;
  /** A shell command that fails when something is missing that the step was to have; default none. */
  readonly check?: string;
  readonly exitCode: number;
  /** Fails the first time and succeeds the second; `startsSoFar` prints how often it was started, this time included. */
  readonly failFirst?: { readonly startsSoFar: string };
}

/** POSIX sh with awk. */
export function scriptText(script: KnownScript): string {
  const { outSeed, errSeed, lines, pauseMs } = script;
  const half = Math.ceil(lines / 2);
  const write = (seed: number, from: number, to: number): string =>
    `awk 'BEGIN { s = ${seed}; for (i = 0; i < ${to}; i++) { s = (s * ${MULTIPLIER}) % ${MODULUS}; if (i >= ${from}) printf "%d\\n", s } }'`;
  return [
    `${script.countStart} || exit 99`,
    ...(script.check === undefined ? [] : [`${script.check} || exit 98`]),
    write(outSeed, 0, half),
    `${write(errSeed, 0, half)} >&2`,
    ...(pauseMs > 0 ? [`sleep ${(pauseMs / 1000).toFixed(3)}`] : []),
    write(outSeed, half, lines),
    `${write(errSeed, half, lines)} >&2`,
    ...(script.failFirst === undefined ? [] : [`[ "$(${script.failFirst.startsSoFar})" -gt 1 ] || exit 7`]),
    `exit ${script.exitCode}`,
    '',
  ].join('\n');
}

/** What the script writes to a stream when nobody ends it early. */
export function streamText(seed: number, lines: number): string {
  const parts: string[] = [];
  for (let i = 0, s = seed; i < lines; i++) {
    s = (s * MULTIPLIER) % MODULUS;
    parts.push(`${s}\n`);
  }
  return parts.join('');
}

export function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}
