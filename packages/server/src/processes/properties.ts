/**
 * Reads the property bag of an action into typed values. Keys are looked up whatever their case. What cannot be read
 * becomes a complaint: a process is saved as it is written, and the step that cannot be understood fails when its turn
 * comes, with these sentences.
 */
import type { StoredProperties } from './queries.ts';

export class PropertyReader {
  /** Sentences for the person whose step cannot run. */
  readonly complaints: string[] = [];
  readonly #values = new Map<string, StoredProperties[string]>();

  constructor(properties: StoredProperties) {
    for (const [key, value] of Object.entries(properties)) this.#values.set(key.toLowerCase(), value);
  }

  complain(sentence: string): void {
    this.complaints.push(sentence);
  }

  /** As it was written; undefined when it is absent or empty. */
  text(key: string): string | undefined {
    const value = this.#values.get(key.toLowerCase());
    if (value === undefined || value === '') return undefined;
    if (typeof value === 'string') return value;
    this.complain(
      `The property ${key} is stored as a sensitive value, which this server does not read there. Put the secret into a sensitive variable and refer to it.`,
    );
    return undefined;
  }

  flag(key: string): boolean | undefined {
    const text = this.text(key)?.trim();
    if (text === undefined) return undefined;
    if (/^true$/i.test(text)) return true;
    if (/^false$/i.test(text)) return false;
    this.wrong(key, text, 'True or False');
    return undefined;
  }

  /** One of the words, whatever its case. */
  word<const W extends string>(key: string, words: readonly W[]): W | undefined {
    const text = this.text(key)?.trim();
    if (text === undefined) return undefined;
    const found = words.find((word) => word.toLowerCase() === text.toLowerCase());
    if (found === undefined) this.wrong(key, text, `one of ${words.join(', ')}`);
    return found;
  }

  /** Entries separated by commas or line ends. */
  list(key: string): string[] | undefined {
    const entries = this.text(key)
      ?.split(/[,\n]/)
      .map((entry) => entry.trim())
      .filter((entry) => entry !== '');
    return entries?.length ? entries : undefined;
  }

  /** A JSON array of texts. */
  texts(key: string): string[] | undefined {
    const value = this.#json(key, 'a JSON array of texts, such as ["--verbose", "#{Name}"]');
    if (value === undefined) return undefined;
    if (Array.isArray(value) && value.every((entry): entry is string => typeof entry === 'string'))
      return value;
    this.wrong(key, this.text(key) ?? '', 'a JSON array of texts');
    return undefined;
  }

  /** A JSON object whose values are texts, numbers or booleans; all become texts. */
  dictionary(key: string): Record<string, string> | undefined {
    const value = this.#json(key, 'a JSON object, such as {"NAME": "value"}');
    if (value === undefined) return undefined;
    const isPlain = (entry: unknown) => ['string', 'number', 'boolean'].includes(typeof entry);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      const entries = Object.entries(value);
      if (entries.every(([, entry]) => isPlain(entry)))
        return Object.fromEntries(entries.map(([name, entry]) => [name, String(entry)]));
    }
    this.wrong(key, this.text(key) ?? '', 'a JSON object of texts');
    return undefined;
  }

  #json(key: string, meaning: string): unknown {
    const text = this.text(key);
    if (text === undefined) return undefined;
    try {
      return JSON.parse(text);
    } catch {
      this.wrong(key, text, meaning);
      return undefined;
    }
  }

  /** A complaint about what was written. */
  wrong(key: string, text: string, meaning: string): void {
    const shown = text.length > 60 ? `${text.slice(0, 60)}…` : text;
    const template = text.includes('#{') ? ' Variables cannot be used in this property.' : '';
    this.complain(`The property ${key} must be ${meaning}, but it is "${shown}".${template}`);
  }
}
