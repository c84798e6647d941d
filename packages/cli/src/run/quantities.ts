/** Durations and sizes as people write them. Forms are checked by the schema before these are called. */
const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
const SIZES: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

/** Milliseconds of `1h30m`, `90s`, `250ms`, or a number of seconds. */
export function milliseconds(duration: string | number): number {
  if (typeof duration === 'number') return Math.round(duration * 1_000);
  let sum = 0;
  for (const [, amount = '0', unit = 's'] of duration.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)) {
    sum += Number(amount) * (UNITS[unit] ?? 0);
  }
  return Math.round(sum);
}

/** Bytes of `512MiB`, `2g`, `100kb` (all binary, as Docker counts), or a number. */
export function bytes(size: string | number): number {
  if (typeof size === 'number') return size;
  const match = /^(\d+(?:\.\d+)?)\s*([kmg]?)/i.exec(size);
  return Math.round(Number(match?.[1] ?? 0) * (SIZES[(match?.[2] ?? '').toLowerCase()] ?? 1));
}
