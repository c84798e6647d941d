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

  /** What people read of it is made without the sensitive values: a piece of one would not be recognised as such. */
  file(path: string, original: Uint8Array): FileWork {
    const real = this.#attempt(path, original, this.#real);
    if (this.#other === undefined)
      return 'why' in real ? fault(path, real.why) : { worked: real, secret: false };
    const other = this.#attempt(path, original, this.#other);
    if ('why' in real) return fault(path, 'why' in other ? other.why : UNUSABLE);
    const depends = 'why' in other || Buffer.compare(other.bytes, real.bytes) !== 0;
    const { verbose, warnings } = 'why' in other ? { verbose: [], warnings: [] } : other;
    return { worked: { ...real, verbose, warnings }, secret: depends && real.changed };
  }

  #attempt(path: string, original: Uint8Array, values: Values): Worked | { readonly why: string } {
    try {
      return this.#rules.work(path, original, values);
    } catch (error) {
      // Whatever it is, it is this file that cannot be worked on, and people need to know which.
      return {
        why: error instanceof RangeError ? 'It is too large or nested too deeply.' : messageOf(error),
      };
    }
  }
}

const UNUSABLE = 'a sensitive value cannot be used in it in this way.';

const fault = (path: string, why: string): FileWork => ({ fault: `${path}: ${why}` });
