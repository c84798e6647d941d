/** Names of signals and system errors, as people know them. Pure. */
import { constants } from 'node:os';
import { getSystemErrorMap } from 'node:util';

const signals = new Map(Object.entries(constants.signals).map(([name, number]) => [number, name]));

export function signalName(number: number): string {
  return signals.get(number) ?? `signal ${number}`;
}

/** Such as `no such file or directory (ENOENT)`. */
export function systemErrorText(errno: number | null): string {
  if (errno === null) return 'no reason given';
  const known = getSystemErrorMap().get(-errno);
  return known ? `${known[1]} (${known[0]})` : `error ${errno}`;
}
