/**
 * Regular expressions from .NET's way of writing to RE2's. What would mean something else there is translated, or refused
 * with a reason; a reason never quotes the pattern, which may come from a secret.
 */

/** How far `$` looks: `several` lines end in a break, `one` does, or the text does not `end` in one at all. */
export type LineBreaks = 'end' | 'one' | 'several';

export interface Translated {
  readonly source: string;
  /** RE2's number of each group by .NET's: groups without a name come first. */
  readonly groups: readonly number[];
  /** .NET's numbers. */
  readonly names: ReadonlyMap<string, number>;
  /** Groups of RE2 that hold a last line break which `$` stands before. */
  readonly breaks: readonly number[];
  readonly usesWordEdge: boolean;
}

export class Untranslatable extends Error {}

interface Flags {
  readonly m: boolean;
  readonly n: boolean;
  readonly x: boolean;
}

/** .NET's classes are Unicode's; RE2's are ASCII's. */
const SETS: Readonly<Record<string, string>> = {
  d: '\\p{Nd}',
  D: '\\P{Nd}',
  w: '\\p{L}\\p{Mn}\\p{Nd}\\p{Pc}',
  W: '\\p{Mc}\\p{Me}\\p{Nl}\\p{No}\\p{Pd}\\p{Ps}\\p{Pe}\\p{Pi}\\p{Pf}\\p{Po}\\p{S}\\p{Z}\\p{C}',
  s: '\\t-\\r \\x{85}\\p{Z}',
  S: '\\x{0}-\\x{8}\\x{e}-\\x{1f}\\x{21}-\\x{84}\\x{86}-\\x{9f}\\p{L}\\p{M}\\p{N}\\p{P}\\p{S}\\p{Cf}\\p{Cs}\\p{Co}',
};
const hex = (code: number): string => `\\x{${code.toString(16)}}`;

/** @throws Untranslatable */
export function translate(pattern: string, lineBreaks: LineBreaks): Translated {
  return new Translator(pattern, lineBreaks).run();
}

class Translator {
  readonly #pattern: string;
  readonly #lineBreaks: LineBreaks;
  readonly #unnamed: number[] = [0];
  readonly #named = new Map<string, number>();
  readonly #breaks: number[] = [];
  readonly #outer: Flags[] = [];
  #flags: Flags = { m: false, n: false, x: false };
  #groups = 0;
  #usesWordEdge = false;
  #at = 0;

  constructor(pattern: string, lineBreaks: LineBreaks) {
    this.#pattern = pattern;
    this.#lineBreaks = lineBreaks;
  }

  run(): Translated {
    let source = '';
    while (this.#at < this.#pattern.length) source += this.#next();
    const named = [...this.#named];
    return {
      source,
      groups: [...this.#unnamed, ...named.map(([, group]) => group)],
      names: new Map(named.map(([name], index) => [name, this.#unnamed.length + index])),
      breaks: this.#breaks,
      usesWordEdge: this.#usesWordEdge,
    };
  }

  #next(): string {
    const character = this.#pattern.charAt(this.#at++);
    switch (character) {
      case '\\':
        return this.#escape(false);
      case '[':
        return this.#class();
      case '(':
        return this.#open();
      case ')':
        this.#flags = this.#outer.pop() ?? this.#flags;
        return character;
      case '$':
        return this.#flags.m ? '(?m:$)' : this.#lineEnd();
    }
    if (this.#flags.x && /\s/.test(character)) return '';
    if (this.#flags.x && character === '#') return this.#skipTo('\n', this.#pattern.length);
    return character;
  }

  /** Before a last line break, or at the very end. RE2 cannot look ahead, so the break is taken in and given back. */
  #lineEnd(): string {
    if (this.#lineBreaks === 'end') return '\\z';
    if (this.#lineBreaks === 'one') return '(?m:$)';
    this.#breaks.push(++this.#groups);
    return '(?:\\z|(\\n\\z))';
  }

  #skipTo(end: string, otherwise: number): string {
    const found = this.#pattern.indexOf(end, this.#at);
    this.#at = found === -1 ? otherwise : found + end.length;
    return '';
  }

  #open(): string {
    const rest = this.#pattern.slice(this.#at, this.#at + 200);
    if (rest.startsWith('?#')) return this.#skipTo(')', this.#pattern.length);
    const flags = /^\?([imnsx]*)(?:-([imnsx]*))?([:)])/.exec(rest);
    if (flags !== null) return this.#inline(flags);
    this.#outer.push(this.#flags);
    const name = /^\?(?:<([\p{L}_][\p{L}\p{Nd}_]*)>|'([\p{L}_][\p{L}\p{Nd}_]*)')/u.exec(rest);
    if (name !== null) {
      const known = name[1] ?? name[2] ?? '';
      if (this.#named.has(known)) throw new Untranslatable('two of its groups have the same name');
      this.#at += name[0].length;
      this.#named.set(known, ++this.#groups);
      return '(';
    }
    if (rest.startsWith('?')) {
      throw new Untranslatable(
        'look-around, atomic groups, conditions, and numbers or long texts as names of groups are not supported, because they cannot be matched in linear time',
      );
    }
    if (this.#flags.n) return '(?:';
    this.#unnamed.push(++this.#groups);
    return '(';
  }

  /** RE2 knows `i` and `s`; the others are taken care of here. */
  #inline([whole, on = '', off = '', end]: RegExpExecArray): string {
    this.#at += whole.length;
    if (end === ':') this.#outer.push(this.#flags);
    const is = (flag: keyof Flags): boolean =>
      !off.includes(flag) && (on.includes(flag) || this.#flags[flag]);
    this.#flags = { m: is('m'), n: is('n'), x: is('x') };
    const known = (letters: string): string => letters.replace(/[nx]/g, '');
    const minus = known(off) === '' ? '' : `-${known(off)}`;
    if (known(on) === '' && minus === '') return end === ':' ? '(?:' : '';
    return `(?${known(on)}${minus}${end}`;
  }

  #class(): string {
    let result = '[';
    if (this.#pattern.charAt(this.#at) === '^') {
      result += '^';
      this.#at++;
    }
    for (let first = true; this.#at < this.#pattern.length; first = false) {
      const character = this.#pattern.charAt(this.#at++);
      if (character === ']' && !first) return `${result}]`;
      if (character === '-' && this.#pattern.charAt(this.#at) === '[')
        throw new Untranslatable('class subtraction ("[a-z-[aeiou]]") is not supported');
      if (character === '\\') result += this.#escape(true);
      else result += character === '[' || character === ']' ? `\\${character}` : character;
    }
    throw new Untranslatable('a class ("[") is not closed');
  }

  #escape(inClass: boolean): string {
    const letter = this.#pattern.charAt(this.#at++);
    const set = Object.hasOwn(SETS, letter) ? SETS[letter] : undefined;
    if (set !== undefined) return inClass ? set : this.#set(letter, set);
    switch (letter) {
      case 'b':
      case 'B':
        if (inClass && letter === 'b') return hex(8);
        this.#usesWordEdge = true;
        return `\\${letter}`;
      case 'Z':
        if (inClass) throw new Untranslatable('"\\Z" is not supported in a class');
        return this.#lineEnd();
      case 'e':
        return hex(0x1b);
      case 'u':
        return hex(this.#number(/^[0-9A-Fa-f]{4}/, (digits) => Number.parseInt(digits, 16)));
      case 'c':
        return hex(this.#number(/^[@-_a-z]/, (one) => one.toUpperCase().charCodeAt(0) - 64));
      case 'k':
        throw new Untranslatable(
          'back-references are not supported, because they cannot be matched in linear time',
        );
      case 'Q':
      case 'E':
      case 'C':
      case 'G':
      case 'X':
        throw new Untranslatable(`"\\${letter}" is not supported`);
    }
    if (/[1-9]/.test(letter) && !inClass)
      throw new Untranslatable(
        'back-references are not supported, because they cannot be matched in linear time',
      );
    // RE2 refuses to escape what needs no escape; .NET does not mind.
    return /[\s<>"'#%&,:;=@`~!/_-]/.test(letter) ? hex(letter.charCodeAt(0)) : `\\${letter}`;
  }

  #set(letter: string, set: string): string {
    if (letter === 'W' || letter === 'S') return `[^${SETS[letter.toLowerCase()]}]`;
    return `[${set}]`;
  }

  #number(shape: RegExp, read: (text: string) => number): number {
    const found = shape.exec(this.#pattern.slice(this.#at, this.#at + 4))?.[0];
    if (found === undefined) throw new Untranslatable('an escape of a character is not complete');
    this.#at += found.length;
    return read(found);
  }
}
