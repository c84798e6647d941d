/**
 * The variables of one action while they are put together, layer upon layer. Names are the same variable when they
 * differ by case only, and the last spelling stays.
 */
import { foldCase } from '@argonaut/templates';
import type { ActionVariables } from '../execution/index.ts';

interface Entry {
  readonly name: string;
  readonly value: string | null;
  readonly sensitive: boolean;
  /** A field of an account that a variable names: what is defined by itself counts more. */
  readonly ofAccount: boolean;
}

export class GivenVariables {
  readonly #byName: Map<string, Entry>;

  constructor(below?: GivenVariables) {
    this.#byName = new Map(below === undefined ? [] : below.#byName);
  }

  set(name: string, value: string | null, sensitive = false): void {
    this.#byName.set(foldCase(name), { name, value, sensitive, ofAccount: false });
  }

  setField(name: string, value: string, sensitive: boolean): void {
    const key = foldCase(name);
    const known = this.#byName.get(key);
    if (known === undefined || known.ofAccount) {
      this.#byName.set(key, { name, value, sensitive, ofAccount: true });
    }
  }

  /** A layer on top, resolved by itself. */
  add(layer: GivenVariables): void {
    for (const { name, value, sensitive, ofAccount } of layer.#byName.values()) {
      if (ofAccount) this.setField(name, value ?? '', sensitive);
      else this.set(name, value, sensitive);
    }
  }

  /** Ordinary variables on top; one that is hidden by them has nothing left to mask. */
  setAll(values: Readonly<Record<string, string>>): void {
    for (const [name, value] of Object.entries(values)) this.set(name, value);
  }

  toRecords(): ActionVariables {
    const values: Record<string, string | null> = {};
    const sensitive = new Set<string>();
    for (const entry of this.#byName.values()) {
      values[entry.name] = entry.value;
      if (entry.sensitive) sensitive.add(entry.name);
    }
    return { values, sensitive };
  }
}
