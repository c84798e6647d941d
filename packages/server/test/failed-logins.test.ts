/** Which addresses count as one place when logins fail. */
import { describe, expect, it } from 'vitest';
import { FailedLogins } from '../src/users/failed-logins.ts';

const NOW = new Date('2030-01-01T00:00:00.000Z');

/** A hundred failures, each of another user and from the address that `address` gives. */
function failEverywhere(address: (index: number) => string): FailedLogins {
  const logins = new FailedLogins();
  for (let index = 0; index < 100; index += 1) {
    expect(logins.begin(address(index), `user ${index}`, NOW)).toBeUndefined();
  }
  return logins;
}

describe('failed logins', () => {
  it('count for the whole /64 of an IPv6 address, however it is written, and for no other', () => {
    const logins = failEverywhere((index) => `2001:db8:0:7:${index.toString(16)}::1`);
    expect(logins.begin('2001:0DB8::7:ffff:ffff:ffff:ffff', 'ada', NOW)?.message).toContain(
      '100 logins from 2001:db8:0:7::/64 failed',
    );
    expect(logins.begin('2001:db8:0:8::1', 'ada', NOW)).toBeUndefined();
  });

  it('count for one IPv4 address only, also where it is wrapped in IPv6', () => {
    const logins = failEverywhere((index) => (index % 2 === 0 ? '192.0.2.1' : '::ffff:192.0.2.1'));
    expect(logins.begin('192.0.2.1', 'ada', NOW)?.message).toContain('100 logins from 192.0.2.1 failed');
    expect(logins.begin('::ffff:192.0.2.2', 'ada', NOW)).toBeUndefined();
  });

  it('for one user are counted and forgotten for the /64 too', () => {
    const logins = new FailedLogins();
    for (let index = 1; index <= 10; index += 1) logins.begin(`2001:db8::${index}`, 'ada', NOW);
    expect(() => logins.begin('2001:db8::ffff', 'Ada', NOW)).toThrow(/Try again in 15 minutes/);
    logins.succeeded('2001:db8::1', 'ada');
    expect(logins.begin('2001:db8::ffff', 'ada', NOW)).toBeUndefined();
  });
});
