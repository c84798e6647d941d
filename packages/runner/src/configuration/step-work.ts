/** The work on all files of one step: what comes of each, and whether a sensitive value decided it. */
import { randomBytes } from 'node:crypto';
import { messageOf } from '@argonaut/contracts';
import type { FileConfiguration } from '@argonaut/contracts/attempt';
import { FileRules, type Values, type Worked } from './apply.ts';
import { ConfigurationFault } from './errors.ts';

export interface FileResult {
  readonly worked: Worked;
  /** What came out depends on a sensitive value. */
  readonly secret: boolean;
}

/** `fault`: why the step fails, with the file's name. A thread's answer, so no error object. */
export type FileWork = FileResult | { readonly fault: string };

/** @throws ConfigurationFault */
export function resultOf(work: FileWork): FileResult {
  if ('fault' in work) throw new ConfigurationFault(work.fault);
  return work;
}

export class StepWork {
  readonly #rules: FileRules;
  readonly #real: Values;
  /** With something else in the place of everything sensitive; undefined: nothing is. */
  readonly #other: Values | undefined;

  constructor(configuration: FileConfiguration) {
    const { variables, sensitive } = configuration;
    this.#rules = new FileRules(configuration);
    this.#real = this.#rules.values(variables);
    if (sensitive.length === 0) return;
    const replaced = Object.fromEntries(sensitive.map((name) => [name, randomBytes(24).toString('hex')]));
    this.#other = this.#rules.values({ ...variables, ...replaced });
  }

  file(path: string, original: Uint8Array): FileWork {
    try {
      const worked = this.#rules.work(path, original, this.#real);
      return { worked, secret: worked.changed && !this.#comesOutTheSame(path, original, worked) };
    } catch (error) {
      // Whatever it is, it is this file that cannot be worked on, and people need to know which.
      const why = error instanceof RangeError ? 'It is too large or nested too deeply.' : messageOf(error);
      return { fault: `${path}: ${why}` };
    }
  }

  #comesOutTheSame(path: string, original: Uint8Array, worked: Worked): boolean {
    if (this.#other === undefined) return true;
    try {
      return Buffer.compare(this.#rules.work(path, original, this.#other).bytes, worked.bytes) === 0;
    } catch {
      // Only the true value can be used here, so the file depends on it.
      return false;
    }
  }
}
