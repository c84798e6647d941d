/**
 * Values in YAML. Only the nodes that a variable names are written anew, in place: comments, indentation, anchors, tags
 * and everything else stay as they are. A plain scalar stays plain where the value still means the same kind of thing.
 */
import {
  isAlias,
  isCollection,
  isMap,
  isScalar,
  isSeq,
  type Node,
  parseAllDocuments,
  parseDocument,
  Scalar,
} from 'yaml';
import { ConfigurationFault } from './errors.ts';
import { type ConfigurationValues, type Replaced, type Replacement, splice } from './values.ts';

type Path = readonly (string | number)[];
interface Place {
  readonly node: Node;
  readonly path: Path;
  readonly inFlow: boolean;
}

/** Longer texts are written between quotes without a try. */
const LONGEST_PLAIN = 1000;

/** @throws ConfigurationFault when the text is no YAML. */
export function replaceInYaml(text: string, values: ConfigurationValues): Replaced {
  const taking = values.taking();
  const writer = new Writer(text);
  const replacements: Replacement[] = [];
  for (const { contents, errors } of documentsOf(text)) {
    const [first] = errors;
    if (first !== undefined)
      throw new ConfigurationFault(`It is not YAML: ${first.message.split('\n', 1)[0]}`);
    const waiting: Place[] = contents === null ? [] : [{ node: contents, path: [], inFlow: false }];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const found = taking.at(next.path);
      if (found !== undefined) replacements.push(writer.replacementFor(next, found.value));
      else if (taking.reach(next.path.length)) for (const child of childrenOf(next)) waiting.push(child);
    }
  }
  return taking.result(splice(text, replacements));
}

function documentsOf(text: string) {
  try {
    const documents = parseAllDocuments(text, { uniqueKeys: false, logLevel: 'silent' });
    return Array.isArray(documents) ? documents : [];
  } catch (error) {
    if (error instanceof RangeError)
      throw new ConfigurationFault('It is nested too deeply to be read as YAML.');
    throw error;
  }
}

function childrenOf({ node, path, inFlow }: Place): Place[] {
  if (!isCollection(node)) return [];
  const flow = inFlow || node.flow === true;
  const child = (value: unknown, key: string | number): Place[] =>
    isScalar(value) || isAlias(value) || isCollection(value)
      ? [{ node: value as Node, path: [...path, key], inFlow: flow }]
      : [];
  if (isSeq(node)) return node.items.flatMap(child);
  if (!isMap(node)) return [];
  return node.items.flatMap(({ key, value }) =>
    isScalar(key) ? child(value, String(key.source ?? key.value)) : [],
  );
}

/** Writes values for one file. What has to be tried is tried once: a name may occur in every line. */
class Writer {
  readonly #text: string;
  readonly #tries = new Map<string, boolean>();
  readonly #fragments = new Map<string, string>();

  constructor(text: string) {
    this.#text = text;
  }

  replacementFor({ node, inFlow }: Place, value: string): Replacement {
    const text = this.#text;
    const [start, end] = node.range ?? [0, 0];
    if (isCollection(node)) {
      const written = this.#collection(value);
      if (node.flow) return { start, end, text: written };
      // What stood over several lines now stands on one: its line end stays, and it is indented more than its key.
      return { start, end, text: `  ${written}${lineEndOf(text.slice(start, end))}` };
    }
    const scalar = isScalar(node) ? node : undefined;
    const isBlock = scalar?.type === Scalar.BLOCK_LITERAL || scalar?.type === Scalar.BLOCK_FOLDED;
    // An absent value (`key:`) has no place of its own: it stands right behind the colon.
    const gap = start === end && /[:\-?,]/.test(text[start - 1] ?? '') ? ' ' : '';
    const written = this.#scalar(scalar, value, inFlow);
    return { start, end, text: `${gap}${written}${isBlock ? lineEndOf(text.slice(start, end)) : ''}` };
  }

  #scalar(scalar: Scalar | undefined, value: string, inFlow: boolean): string {
    if (scalar?.type === Scalar.QUOTE_SINGLE && /^[^\p{Cc}]*$/u.test(value))
      return `'${value.replaceAll("'", "''")}'`;
    const isPlain = scalar === undefined || scalar.type === Scalar.PLAIN;
    const kind = kindOf(scalar?.value);
    return isPlain && this.#staysPlain(value, kind === 'null' ? 'string' : kind, inFlow)
      ? value
      : JSON.stringify(value);
  }

  #staysPlain(value: string, kind: string, inFlow: boolean): boolean {
    if (value.length > LONGEST_PLAIN || value !== value.trim() || /[\r\n]/.test(value)) return false;
    const key = `${kind} ${inFlow} ${value}`;
    const known = this.#tries.get(key) ?? staysPlain(value, kind, inFlow);
    this.#tries.set(key, known);
    return known;
  }

  #collection(value: string): string {
    const known = this.#fragments.get(value) ?? fragment(value) ?? JSON.stringify(value);
    this.#fragments.set(value, known);
    return known;
  }
}

/** Whether this text, without quotes, is read as itself and as the kind of thing that stood here (or a text). */
function staysPlain(value: string, kind: string, inFlow: boolean): boolean {
  const document = parseDocument(inFlow ? `[${value}]` : `k: ${value}`, { logLevel: 'silent' });
  if (document.errors.length > 0) return false;
  const { contents } = document;
  const [only, ...more] = isSeq(contents) || isMap(contents) ? contents.items : [];
  const read = isSeq(contents) ? only : isMap(contents) ? contents.items[0]?.value : undefined;
  if (more.length > 0 || !isScalar(read) || read.type !== Scalar.PLAIN) return false;
  if (read.source !== value || read.comment || read.anchor || read.tag) return false;
  const now = kindOf(read.value);
  return now === kind || now === 'string';
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  return typeof value === 'bigint' ? 'number' : typeof value;
}

/** A mapping or a sequence on one line, if the text is one. */
function fragment(value: string): string | undefined {
  // To look for keys that are there twice would take time with the square of their number.
  const document = parseDocument(value, { uniqueKeys: false, logLevel: 'silent' });
  if (document.errors.length > 0 || !isCollection(document.contents)) return undefined;
  try {
    return JSON.stringify(document.toJS({ maxAliasCount: 100 }));
  } catch {
    return undefined;
  }
}

function lineEndOf(source: string): string {
  return /\r?\n$/.exec(source)?.[0] ?? '';
}
