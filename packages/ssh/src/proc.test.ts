import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { pidIn, startTicksIn } from './proc.ts';

describe("a process's line in /proc", () => {
  const stat = (name: string, state: string) => `42 (${name}) ${state} ${'0 '.repeat(18)}987654 0 0`;

  it('tells its number and its start', () => {
    const own = readFileSync('/proc/self/stat', 'latin1');
    expect(pidIn(own)).toBe(process.pid);
    expect(startTicksIn(own)).toBeGreaterThan(0);
    expect(startTicksIn(stat('sleep', 'S'))).toBe(987654);
  });

  it('may have any name', () => {
    expect(startTicksIn(stat(') R 1 2 3 (', 'S'))).toBe(987654);
  });

  it('has no start when only remains are left, or nothing', () => {
    expect(startTicksIn(stat('sleep', 'Z'))).toBeUndefined();
    expect(startTicksIn(stat('sleep', 'X'))).toBeUndefined();
    expect(startTicksIn('42 ()')).toBeUndefined();
    expect(startTicksIn('')).toBeUndefined();
  });
});
