import { describe, expect, test } from 'vitest';
import { MaskingFailure, SecretSet, StreamMasker } from '../../src/masking/index.ts';
import { maskSlowly, maskWhole, named, Random } from './oracle.ts';

const bytes = (text: string) => Buffer.from(text);
const mask = (secrets: Record<string, string>, text: string) =>
  maskWhole(new SecretSet(named(secrets)), [bytes(text)]).toString();

describe('what a reader of the log sees', () => {
  test('the stars that Octopus users know, and which variable it was', () => {
    expect(mask({ 'Db.Password': 'hunter2!' }, 'login as sa with hunter2! ok\n')).toBe(
      'login as sa with ********(Db.Password) ok\n',
    );
  });

  test('a name that itself holds a secret is not shown', () => {
    expect(mask({ 'token tok-12345': 'tok-12345' }, 'tok-12345')).toBe('********');
  });

  test('control characters of a name are not printed', () => {
    expect(mask({ 'a\n##octopus[b': 'tok-12345' }, 'tok-12345')).toBe('********(a ##octopus[b)');
  });

  test('two secrets side by side are two, overlapping ones are one, named after the first and longest', () => {
    const secrets = { A: 'abcdef', Longer: 'abcdefgh', B: 'ghijkl' };
    expect(mask(secrets, 'abcdef|ghijkl')).toBe('********(A)|********(B)');
    expect(mask(secrets, 'xabcdefghijklx')).toBe('x********(Longer)x');
  });

  test('short and ordinary values are left alone, and said to be', () => {
    const set = new SecretSet();
    const report = set.add(named({ a: 'abc', b: 'true', c: '', d: 'pass' }));
    expect(report.notMasked).toEqual([
      { name: 'a', reason: 'too short' },
      { name: 'b', reason: 'ordinary word' },
      { name: 'c', reason: 'empty' },
    ]);
    expect(maskWhole(set, [bytes('abc true pass')]).toString()).toBe('abc true ********(d)');
  });
});

describe('chunks', () => {
  test('every way to cut a secret into two or three chunks is masked, and the text around it is whole', () => {
    const set = new SecretSet(named({ S: 'S3cr3t/with=quote"' }));
    const text = bytes('before S3cr3t/with=quote" after');
    for (let a = 0; a <= text.length; a++) {
      for (let b = a; b <= text.length; b++) {
        const masked = maskWhole(set, [text.subarray(0, a), text.subarray(a, b), text.subarray(b)]);
        expect(masked.toString()).toBe('before ********(S) after');
      }
    }
  });

  test('only what may become a secret is held back', () => {
    const masker = new StreamMasker(new SecretSet(named({ S: 'topsecreT' })));
    const out = (text: string) =>
      Buffer.concat(masker.write(bytes(text)).map((part) => part.bytes)).toString();
    expect(out('hello\n')).toBe('hello\n');
    expect(masker.safeCut).toBe(6);
    expect(out('say tops')).toBe('say ');
    expect(masker.safeCut).toBe(10);
    expect(out('oil')).toBe('topsoil');
    expect(masker.safeCut).toBe(17);
    expect(out('topse')).toBe('');
    expect(out('creT')).toBe('********(S)');
    expect(masker.safeCut).toBe(26);
  });

  test('parts say which bytes of the stream they stand for, without gap or overlap', () => {
    const masker = new StreamMasker(new SecretSet(named({ S: 'topsecreT' })));
    const parts = ['a tops', 'ecreT b top', 's', 'ecreTtopsecre'].flatMap((text) =>
      masker.write(bytes(text)),
    );
    parts.push(...masker.flush());
    let at = 0;
    for (const part of parts) {
      expect(part.from).toBe(at);
      if (!part.masked) expect(part.bytes.length).toBe(part.to - part.from);
      at = part.to;
    }
    expect(at).toBe(31);
  });

  test('an endless run of overlapping secrets needs no memory', () => {
    const masker = new StreamMasker(new SecretSet(named({ S: 'aaaa' })));
    const chunk = Buffer.alloc(65536, 'a');
    for (let i = 0; i < 100; i++) expect(masker.write(chunk)).toEqual([]);
    expect(masker.safeCut).toBe(0);
    expect(Buffer.concat(masker.write(bytes('b')).map((part) => part.bytes)).toString()).toBe('********(S)b');
  });

  test('at the end, half a secret is masked and less than half is shown', () => {
    const set = new SecretSet(named({ S: '0123456789' }));
    expect(maskWhole(set, [bytes('x 01234')]).toString()).toBe('x ********(S)');
    expect(maskWhole(set, [bytes('x 0123')]).toString()).toBe('x 0123');
  });

  test('a reader that begins anew at a safe cut sees the same', () => {
    const random = new Random();
    const set = new SecretSet(named({ S: 'abab-baba', T: 'baba\nabab' }));
    for (let round = 0; round < 100; round++) {
      const text = bytes(random.text(300, 'ab-\n'));
      const whole = maskWhole(set, [text]);
      const first = new StreamMasker(set);
      const out = random.chunks(text.subarray(0, 150), 40).flatMap((chunk) => first.write(chunk));
      const cut = first.safeCut;
      expect(out.at(-1)?.to ?? 0).toBe(cut);
      const again = maskWhole(set, random.chunks(text.subarray(cut), 40));
      expect(
        Buffer.concat([...out.map((part) => part.bytes), again]).equals(whole),
        `seed ${random.seed}`,
      ).toBe(true);
    }
  });
});

describe('secrets that the script declares', () => {
  test('hold from then on, on every stream of the attempt, held bytes included', () => {
    const set = new SecretSet(named({ Old: 'abcdefgh' }));
    const [out, err] = [new StreamMasker(set), new StreamMasker(set)];
    expect(out.write(bytes('--abcd')).length).toBe(1);
    set.add(named({ New: 'abcd-new' }));
    const text = (parts: Array<{ bytes: Uint8Array }>) =>
      Buffer.concat(parts.map((part) => part.bytes)).toString();
    expect(text(out.write(bytes('-new.')))).toBe('********(New).');
    expect(text(err.write(bytes('abcd-new!')))).toBe('********(New)!');
  });
});

describe('failing closed', () => {
  test('after an internal error nothing is given out any more, and the message quotes nothing', () => {
    const set = new SecretSet(named({ S: 'topsecreT' }));
    const masker = new StreamMasker(set);
    masker.write(bytes('a tops'));
    set.replacementOf = () => {
      throw new Error('topsecreT');
    };
    expect(() => masker.write(bytes('ecreT'))).toThrow(MaskingFailure);
    expect(() => masker.write(bytes('fine'))).toThrow(/withheld/);
    expect(() => masker.flush()).toThrow(MaskingFailure);
    expect(() => masker.flush()).not.toThrow(/topsecreT/);
  });
});

describe('the set is bounded', () => {
  test('when it is full, values are still masked; derived forms are missing and the report names them', () => {
    const set = new SecretSet([], { maxNeedles: 10 });
    const secrets = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`N${i}`, `value number ${i}!`]));
    expect(set.add(named(secrets)).partlyMasked.length).toBe(20);
    for (const [name, value] of Object.entries(secrets))
      expect(maskWhole(set, [bytes(value)]).toString()).toBe(`********(${name})`);
  });

  test('memory stays under 16 MB with two keys of 100 kB', () => {
    const random = new Random(1);
    const pem = () =>
      Array.from({ length: 1500 }, () => random.text(64, 'ABCDEFabcdef0123456789+/')).join('\n');
    const set = new SecretSet();
    const keys = [pem(), pem()];
    set.add(named({ Key0: keys[0] ?? '', Key1: keys[1] ?? '' }));
    expect(set.byteLength).toBeLessThan(16 * 1024 * 1024);
    for (const [i, key] of keys.entries()) {
      expect(maskWhole(set, random.chunks(bytes(`(${key})`), 9000)).toString()).toBe(`(********(Key${i}))`);
    }
  });
});

describe('equal to the slow and obvious masker', () => {
  const alphabets = ['ab', 'ab\n', 'abc+/=\r\n', 'aé"\\\'<&% \n', '01ef'];
  test.each(alphabets)('random secrets, texts and chunks over %j', (alphabet) => {
    const random = new Random();
    for (let round = 0; round < 60; round++) {
      const secrets: Record<string, string> = {};
      for (let i = random.below(4); i >= 0; i--) {
        secrets[`N${i}`] = random.text(4 + random.below(random.pick([4, 12, 40])), alphabet);
      }
      const set = new SecretSet(named(secrets));
      const text = randomText(random, set, alphabet);
      const seed = `seed ${random.seed}, round ${round}`;
      const expected = maskSlowly(set, text).toString('latin1');
      expect(maskWhole(set, [text]).toString('latin1'), seed).toBe(expected);
      for (const longest of [1, 3, 10, 100]) {
        expect(
          maskWhole(set, random.chunks(text, longest)).toString('latin1'),
          `${seed}, chunks ${longest}`,
        ).toBe(expected);
      }
    }
  });
});

/** Needles, whole, cut and broken by line feeds, between random text. */
function randomText(random: Random, { index }: SecretSet, alphabet: string): Buffer {
  const pieces: Uint8Array[] = [];
  for (let i = 0; i < 12; i++) {
    pieces.push(bytes(random.text(random.below(12), alphabet)));
    if (index.count === 0) continue;
    const needle = random.below(index.count);
    const from = index.startOf(needle);
    const piece = Buffer.from(index.bytes.subarray(from, from + index.lengthOf(needle)));
    const cut = random.below(piece.length);
    const lineBreak = bytes(random.pick(['\n', '\r\n', '', '', '\r']));
    pieces.push(
      ...random.pick([
        [piece],
        [piece.subarray(cut)],
        [piece.subarray(0, cut)],
        [piece.subarray(0, cut), lineBreak, piece.subarray(cut)],
      ]),
    );
  }
  return Buffer.concat(pieces);
}
