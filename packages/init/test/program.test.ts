import { describe, expect, test } from 'vitest';
import { AttemptUnderTest } from './attempt-under-test.ts';

describe('a program under init', () => {
  test('keeps every line of a script that reopens its own streams', async () => {
    using attempt = new AttemptUnderTest();
    const exit = await attempt.run(
      'echo 1; echo 2 >&2; echo 3 >/dev/stderr; echo 4 >/dev/stdout; echo 5; echo 6 >&2; : > /proc/self/fd/1',
    );
    expect(exit).toMatchObject({ reason: 'exited', code: 0, signal: null, stragglers: 0, logBytes: 12n });
    expect(attempt.stream('stdout')).toBe('1\n4\n5\n');
    expect(attempt.stream('stderr')).toBe('2\n3\n6\n');
  });
});
