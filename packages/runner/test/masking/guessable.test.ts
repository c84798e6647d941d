/** Which secrets are masked and still worth a warning. Whether they are masked is not asked here. */
import { describe, expect, it } from 'vitest';
import { isGuessable, maskability } from '../../src/masking/index.ts';

describe('a secret that anybody could guess', () => {
  it.each(['password', 'Docker', ' https ', 'main', 'latest', '1234', '99999', 'aaaaaaaa', '????'])(
    'such as %s is masked, and told',
    (value) => {
      expect([maskability(value), isGuessable(value)]).toEqual(['maskable', true]);
    },
  );

  it.each(['password7Q', '1234567', 'aaaaaaab', 'x7Kq-92', ''])('is not %s', (value) => {
    expect(isGuessable(value)).toBe(false);
  });
});
