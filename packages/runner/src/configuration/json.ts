/**
 * Values in JSON. Only the nodes that a variable names are written anew: comments, blanks, order and line ends stay. A
 * node keeps its type where the value allows it: a number stays a number if the text is one, else it becomes a text.
 */
import { type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser';
import { ConfigurationFault } from './errors.ts';
import {
  type ConfigurationValues,
  JSON_NUMBER,
  type Replaced,
  type Replacement,
  splice,
  type Taking,
} from './values.ts';

type Path = readonly (string | number)[];

/** @throws ConfigurationFault when the text is no JSON (comments and trailing commas are allowed), or a value does not fit. */
export function replaceInJson(text: string, values: ConfigurationValues): Replaced {
  const taking = values.taking();
  return taking.result(replaceWithin(text, [], taking));
}

function replaceWithin(text: string, base: Path, values: Taking): string {
  const errors: ParseError[] = [];
  const root = parse(text, errors);
  const [first] = errors;
  if (first !== undefined || root === undefined) {
    throw new ConfigurationFault(
      `It is not JSON: ${first ? `${printParseErrorCode(first.error)} at ${place(text, first.offset)}` : 'it is empty'}.`,
    );
  }
  const replacements: Replacement[] = [];
  const waiting: { readonly node: Node; readonly path: Path }[] = [{ node: root, path: base }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { node, path } = next;
    // The fragment that a variable put here is not replaced by the same variable again.
    const found = path.length > base.length ? values.at(path) : undefined;
    if (found === undefined) {
      if (values.reach(path.length)) for (const child of childrenOf(node, path)) waiting.push(child);
    } else {
      const written = writtenFor(node, found.value, found.name);
      const isTree = node.type === 'object' || node.type === 'array';
      const { offset, length } = node;
      replacements.push({
        start: offset,
        end: offset + length,
        text: isTree ? replaceWithin(written, path, values) : written,
      });
    }
  }
  return splice(text, replacements);
}

function parse(text: string, errors: ParseError[]): Node | undefined {
  try {
    return parseTree(text, errors, { allowTrailingComma: true, disallowComments: false });
  } catch (error) {
    if (error instanceof RangeError)
      throw new ConfigurationFault('It is nested too deeply to be read as JSON.');
    throw error;
  }
}

function childrenOf(node: Node, path: Path): { readonly node: Node; readonly path: Path }[] {
  const children = node.children ?? [];
  if (node.type === 'array') return children.map((child, index) => ({ node: child, path: [...path, index] }));
  if (node.type !== 'object') return [];
  return children.flatMap(({ children: pair }) => {
    const [key, value] = pair ?? [];
    return key === undefined || value === undefined
      ? []
      : [{ node: value, path: [...path, String(key.value)] }];
  });
}

function writtenFor(node: Node, value: string, name: string): string {
  const trimmed = value.trim();
  switch (node.type) {
    case 'number':
      return JSON_NUMBER.test(trimmed) ? trimmed : JSON.stringify(value);
    case 'boolean':
      return /^(?:true|false)$/i.test(trimmed) ? trimmed.toLowerCase() : JSON.stringify(value);
    case 'object':
    case 'array': {
      const errors: ParseError[] = [];
      if (parse(value, errors) === undefined || errors.length > 0) {
        throw new ConfigurationFault(
          `The value of the variable "${name}" replaces an ${node.type}, but is not JSON itself.`,
        );
      }
      return value;
    }
    default:
      return JSON.stringify(value);
  }
}

function place(text: string, offset: number): string {
  const before = text.slice(0, offset).split('\n');
  return `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
}
