/**
 * What comes of one file of a step: which rules meet it, and its bytes after them. Pure; `step.ts` finds the files and writes
 * them.
 */
import type { FileConfiguration } from '@argonaut/contracts/attempt';
import { createVariables, evaluate } from '@argonaut/templates';
import { decode, encode } from './encoding.ts';
import { ConfigurationFault } from './errors.ts';
import { compilePatterns, type FilePattern } from './patterns.ts';
import { replaceStructured } from './structured.ts';
import { type Evaluate, substitute } from './substitute.ts';
import { ConfigurationValues } from './values.ts';

/** One file after everything that was asked for. */
export interface Worked {
  readonly bytes: Uint8Array;
  readonly changed: boolean;
  /** Sentences without the file's name; they name variables, never values. */
  readonly verbose: readonly string[];
  readonly warnings: readonly string[];
}

export interface Rule {
  readonly patterns: readonly FilePattern[];
  readonly warnOfNoMatch: boolean;
}

export class FileRules {
  readonly script: FileConfiguration['script'];
  readonly substituting: Rule;
  readonly structuring: Rule;
  readonly #failOnUnresolved: boolean;
  readonly #failOnUnresolvedValues: boolean;
  readonly #jsonOnly: boolean;
  readonly #nowMs: number;

  /** @throws ConfigurationFault for a pattern that leads out of the directory */
  constructor({ script, substitute: templates, structured, nowMs }: FileConfiguration) {
    this.script = script;
    this.substituting = {
      patterns: compilePatterns(templates?.targets ?? ''),
      warnOfNoMatch: templates?.warnOfNoMatch ?? true,
    };
    this.structuring = { patterns: compilePatterns(structured?.targets ?? ''), warnOfNoMatch: true };
    this.#failOnUnresolved = templates?.failOnUnresolved ?? false;
    this.#failOnUnresolvedValues = structured?.failOnUnresolved ?? false;
    this.#jsonOnly = structured?.jsonOnly ?? false;
    this.#nowMs = nowMs;
  }

  meet(path: string): boolean {
    return path === this.script?.path || this.#substitutes(path) || this.#structures(path);
  }

  #substitutes(path: string): boolean {
    return this.substituting.patterns.some((pattern) => pattern.matches(path));
  }

  #structures(path: string): boolean {
    return this.structuring.patterns.some((pattern) => pattern.matches(path));
  }

  /** The values that files are worked on with, prepared once for all of them. */
  values(variables: Readonly<Record<string, string | null>>): Values {
    const prepared = createVariables(variables);
    const now = () => new Date(this.#nowMs);
    let structured: ConfigurationValues | undefined;
    return {
      evaluate: (template) => evaluate(template, prepared, { mode: 'tolerant', now }),
      structured: () => {
        structured ??= new ConfigurationValues(variables, (value) => evaluate(value, prepared, { now }));
        return structured;
      },
    };
  }

  /** @throws ConfigurationFault without the file's name */
  work(path: string, original: Uint8Array, values: Values): Worked {
    let bytes = original;
    let changed = false;
    const verbose: string[] = [];
    const warnings: string[] = [];
    if (path === this.script?.path) {
      const source = this.script.posix ? forShell(bytes) : bytes;
      const result = substitute(source, values.evaluate);
      changed ||= result.changed || source !== bytes;
      bytes = result.bytes;
    } else if (this.#substitutes(path)) {
      const result = substitute(bytes, values.evaluate);
      if (result.unresolved !== null) {
        if (this.#failOnUnresolved) throw new ConfigurationFault(result.unresolved);
        warnings.push(result.unresolved);
      }
      if (result.changed) verbose.push('variables were substituted.');
      changed ||= result.changed;
      bytes = result.bytes;
    }
    if (this.#structures(path)) {
      const result = replaceStructured(bytes, path, values.structured(), this.#jsonOnly);
      const [first] = result.unresolved;
      if (first !== undefined && this.#failOnUnresolvedValues) throw new ConfigurationFault(first);
      warnings.push(...result.unresolved);
      verbose.push(
        result.used.length === 0
          ? `no variable names a value of this ${result.format} file.`
          : `replaced ${result.used.join(', ')}.`,
      );
      changed ||= result.used.length > 0;
      bytes = result.bytes;
    }
    return { bytes, changed, verbose, warnings };
  }
}

export interface Values {
  readonly evaluate: Evaluate;
  /** Made when the first file asks for them: there may be many. */
  structured(): ConfigurationValues;
}

/** Line ends as a POSIX shell reads them, and no byte order mark, which it would take for a command. */
function forShell(bytes: Uint8Array): Uint8Array {
  const { text, encoding } = decode(bytes);
  if (encoding === 'utf8' && !text.includes('\r\n')) return bytes;
  return encode({
    text: text.replaceAll('\r\n', '\n'),
    encoding: encoding === 'utf8 with mark' ? 'utf8' : encoding,
  });
}
