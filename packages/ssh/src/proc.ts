/** What `/proc/<pid>/stat` says. Pure. */

/** Start time in clock ticks since boot; `undefined` when there is no such process, or only its remains (a zombie). */
export function startTicksIn(stat: string): number | undefined {
  // The second field, the name, may contain anything; fields are counted from its closing bracket.
  const end = stat.lastIndexOf(')');
  if (end < 0) return undefined;
  const fields = stat.slice(end + 2).split(' ');
  const state = fields[0];
  const ticks = Number(fields[19]);
  return state === 'Z' || state === 'X' || !Number.isInteger(ticks) ? undefined : ticks;
}

export function pidIn(stat: string): number {
  return Number.parseInt(stat, 10);
}
