/**
 * The secrets of one attempt, ready to be looked for. Both streams of the attempt share one set, so that a value
 * that the script declares secret on one stream is masked on the other from then on.
 */
import type { NamedSecret } from '@argonaut/contracts/attempt';
import { derivedForms, rawForm } from './forms.ts';
import { NeedleIndex } from './needle-index.ts';
import { partsOf } from './parts.ts';
import { type Occurrence, scan } from './scan.ts';
import { StreamMasker } from './stream-masker.ts';

export type Maskability = 'maskable' | 'empty' | 'too short' | 'ordinary word';

/** Octopus masks values of four characters or more; so do we. */
const SHORTEST_SECRET = 4;

/** Values that people mark as sensitive by accident. To mask them would make every log unreadable. */
const ORDINARY_WORDS = new Set(
  (
    'true false null none undefined yes no on off enabled disabled default test tests testing dev development ' +
    'stage staging prod production admin root user localhost info debug error warning string text name value'
  ).split(' '),
);

/** Whether a value can be hidden in a log. The server warns when a sensitive variable is saved that cannot. */
export function maskability(value: string): Maskability {
  if (value.trim() === '') return 'empty';
  if ([...value].length < SHORTEST_SECRET) return 'too short';
  return ORDINARY_WORDS.has(value.trim().toLowerCase()) ? 'ordinary word' : 'maskable';
}

export interface SecretReport {
  /** Secrets that are not masked, and why. */
  readonly notMasked: ReadonlyArray<{ name: string; reason: Exclude<Maskability, 'maskable'> }>;
  /** Secrets for which only some derived forms are masked, because the set is full. Never the values themselves. */
  readonly partlyMasked: readonly string[];
}

export interface SecretSetOptions {
  /** Derived forms are refused beyond this number of needles (default 32,768) … */
  readonly maxNeedles?: number;
  /** … and beyond this many bytes of tables (default 6 MiB; a table doubles when it is full, so 12 is the worst case). */
  readonly maxBytes?: number;
}

/** What Octopus's users search for in a log. */
const STARS = '********';
const LONGEST_NAME = 80;

export class SecretSet {
  readonly index = new NeedleIndex();
  private readonly replacements: Buffer[] = [];
  private readonly seen = new Set<string>();
  /** Everything that is masked, in the order in which it was added: grows at its end only. */
  readonly masked: NamedSecret[] = [];
  /** Characters of the longest of them. */
  longest = 0;
  private readonly maxNeedles: number;
  private readonly maxBytes: number;

  constructor(secrets: Iterable<NamedSecret> = [], options: SecretSetOptions = {}) {
    this.maxNeedles = options.maxNeedles ?? 32_768;
    this.maxBytes = options.maxBytes ?? 6 * 1024 * 1024;
    this.add(secrets);
  }

  /** Adds secrets, also while streams are being masked: they hold for every byte not yet given out. */
  add(secrets: Iterable<NamedSecret>): SecretReport {
    const notMasked: Array<SecretReport['notMasked'][number]> = [];
    const added: Array<{ name: string; value: string; owner: number; parts: string[] }> = [];
    for (const secret of secrets) {
      const { name } = secret;
      const value = secret.value.reveal();
      const reason = maskability(value);
      if (reason !== 'maskable') notMasked.push({ name, reason });
      else if (!this.seen.has(value)) {
        this.seen.add(value);
        this.masked.push(secret);
        this.longest = Math.max(this.longest, value.length);
        const parts = partsOf(value).filter((part) => maskability(part) === 'maskable');
        added.push({ name, value, owner: this.replacements.push(Buffer.from(STARS)) - 1, parts });
      }
    }
    // Values first, then their parts, then what derives from them: when the set is full, the least likely is missing.
    for (const { value, owner } of added) this.enter(rawForm(value), owner);
    for (const { parts, owner } of added) for (const part of parts) this.enter(rawForm(part), owner);
    const partly = new Set<string>();
    for (const { name, value, owner } of added) if (!this.derive(value, owner)) partly.add(name);
    for (const { name, parts, owner } of added) {
      if (!parts.every((part) => this.derive(part, owner))) partly.add(name);
    }
    for (const { name, owner } of added) this.replacements[owner] = this.replacementFor(name);
    return { notMasked, partlyMasked: [...partly] };
  }

  /** What stands in the log instead of an occurrence. */
  replacementOf(occurrence: Occurrence): Buffer {
    return this.replacements[this.index.ownerOf(occurrence.needle)] ?? Buffer.from(STARS);
  }

  /** Whether a text holds a secret in any form. */
  isIn(text: string): boolean {
    return scan(this.index, Buffer.from(text), true, false).occurrences.length > 0;
  }

  /** A text that is complete in itself, masked. */
  mask(text: string): string {
    const masker = new StreamMasker(this);
    const parts = [...masker.write(Buffer.from(text)), ...masker.flush()];
    return Buffer.concat(parts.map((part) => part.bytes)).toString();
  }

  /** Bytes that the tables take. */
  get byteLength(): number {
    return this.index.byteLength;
  }

  private enter(form: { bytes: Uint8Array; kind: number }, owner: number): void {
    this.index.add(form.bytes, form.kind, owner);
  }

  private derive(value: string, owner: number): boolean {
    for (const form of derivedForms(value)) {
      if (this.index.count >= this.maxNeedles || this.index.byteLength + form.bytes.length > this.maxBytes)
        return false;
      this.enter(form, owner);
    }
    return true;
  }

  private replacementFor(name: string): Buffer {
    const shown = name.replaceAll(/\p{C}/gu, ' ').trim().slice(0, LONGEST_NAME);
    // A name can hold a secret itself: then the stars alone must do.
    return Buffer.from(shown === '' || this.isIn(shown) ? STARS : `${STARS}(${shown})`);
  }
}
