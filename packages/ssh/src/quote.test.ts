import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { quote, quoteAll } from './quote.ts';

const seed = Number(process.env.ARGONAUT_SEED ?? Math.floor(Math.random() * 2 ** 31));

/** mulberry32: small, seeded, good enough to choose characters. */
function random(state: number): () => number {
  let a = state;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const pieces = [
  ...'\'"\\$`!*?[]{}()<>|&;#~=%^ \t\n\r',
  ...'aZ0-_./:',
  'é',
  '漢',
  '🐙',
  '\u0001',
  '\u007f',
  '$(touch /tmp/owned)',
  '`id`',
  "'\\''",
  '${HOME}',
  '--',
];

function words(next: () => number): readonly string[] {
  const text = () =>
    Array.from({ length: Math.floor(next() * 12) }, () => pieces[Math.floor(next() * pieces.length)]).join(
      '',
    );
  return Array.from({ length: 1 + Math.floor(next() * 6) }, text);
}

/** Shells of this machine that are there; `sh` always is. */
const shells = ['/bin/sh', '/bin/bash', '/bin/dash'].filter((shell) => {
  try {
    execFileSync(shell, ['-c', 'true']);
    return true;
  } catch {
    return false;
  }
});

describe('quoted words', () => {
  it.each(shells)(`are read by %s as exactly what they were (ARGONAUT_SEED=${seed})`, (shell) => {
    const next = random(seed);
    const lists = Array.from({ length: 200 }, () => words(next));
    // `printf` repeats its format for every argument; NUL cannot be in one, so it separates them.
    const script = lists.map((list) => `printf '%s\\0' ${quoteAll(list)}`).join('\n');
    const said = execFileSync(shell, ['-s'], { input: script, encoding: 'utf8' });
    expect(said.split('\0').slice(0, -1)).toEqual(lists.flat());
  });

  it('cannot carry a NUL', () => {
    expect(() => quote('a\0b')).toThrow(/NUL/);
  });

  it('of plain characters stay readable', () => {
    expect(quoteAll(['/bin/sh', '-c', "it's", ''])).toBe("/bin/sh -c 'it'\\''s' ''");
  });
});
