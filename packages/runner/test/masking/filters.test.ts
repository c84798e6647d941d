/** Whatever our own templates make of a secret to put it into another language is hidden. */
import { createVariables, evaluate, filterNames } from '@argonaut/templates';
import { expect, test } from 'vitest';
import { SecretSet } from '../../src/masking/index.ts';
import { named } from './oracle.ts';

const AWKWARD = [
  'p@ss/W0rd: 100% = #1!',
  `"it's" <b>&amp;</b> \\n $HOME \`id\``,
  ' leads with a blank=and:colons',
  'two lines\r\nof\ttext\nand a third',
  'bell\u0007 escape\u001b[0m delete\u007f vertical\u000b back\b form\f',
  'é — ÿ 😀 ü\u00a0\u2028end',
  'a\\b"c/d[e]f{g}h|i^j~k',
  'https://user:p%40ss@host/path?q=1&r=#f',
];

/** Those that say the same in another way; the others cut, change or judge a text. */
const escapes = filterNames.filter((name) => /escape|^tobase64$/i.test(name));

test('the filters are known', () => {
  expect(escapes).toHaveLength(10);
});

test.each(escapes.flatMap((filter) => AWKWARD.map((value) => [filter, value] as const)))(
  '%s of %j',
  (filter, value) => {
    const set = new SecretSet(named({ S: value }));
    for (const options of filter === 'ToBase64' ? ['', ' unicode'] : ['']) {
      const { text, error } = evaluate(`<<#{S | ${filter}${options}}>>`, createVariables({ S: value }));
      expect(error).toBeNull();
      expect(set.mask(text ?? '')).toBe('<<********(S)>>');
    }
  },
);
