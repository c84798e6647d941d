/**
 * Named places at which tests kill this process, to prove that whoever comes back knows what to do. Without
 * `ARGONAUT_CRASH_AT` a crash point is an empty function.
 *
 * `ARGONAUT_CRASH_AT=<name>:<n>` kills at the n-th time that the point is passed, with SIGKILL: no handler runs, nothing
 * is flushed. `ARGONAUT_CRASH_LOG=<file>` notes each point that is passed, so that a suite knows which there are.
 */
import { appendFileSync } from 'node:fs';

/** All points there are; a point that a suite never passes is a defect of the suite. */
export const crashPoints = [
  'package.arrived',
  'package.before-published',
  'stage.before-accepted',
  'stage.after-accepted',
  'stage.packages-placed',
  'stage.after-create',
  'stage.after-start',
  'stage.after-staged',
  'open.before-go',
  'open.after-go',
  'open.after-gate',
  'follow.before-ended',
  'follow.after-ended',
  'follow.confirmed',
  'cancel.before-entry',
  'cancel.after-entry',
  'cancel.after-signal',
  'discard.before-entry',
  'discard.after-entry',
  'finish.before-entry',
  'finish.after-entry',
  'removal.begun',
  'removal.container-gone',
  'removal.directory-gone',
  'removal.forgotten',
] as const;

export type CrashPoint = (typeof crashPoints)[number];

const [target, count] = (process.env.ARGONAUT_CRASH_AT ?? '').split(':');
const log = process.env.ARGONAUT_CRASH_LOG;
let passed = 0;

function pass(name: string): void {
  if (log) appendFileSync(log, `${name}\n`);
  if (name !== target) return;
  passed += 1;
  if (passed === Number(count || 1)) process.kill(process.pid, 'SIGKILL');
}

/** The crash points of a room, under the names that it has for them. */
export function crashPointsNamed<const Names extends readonly string[]>(
  _names: Names,
): (name: Names[number]) => void {
  return target || log ? pass : () => {};
}

export const crashPoint = crashPointsNamed(crashPoints);
