/** Reads a process file and lists everything that is wrong with it at once, with line and column. */
import { Invalid } from '@argonaut/contracts';
import { serviceComplaints } from '@argonaut/orchestrator';
import { Settings } from 'typebox/system';
import { Value } from 'typebox/value';
import { type Document, isMap, isNode, isPair, isScalar, LineCounter, parseDocument } from 'yaml';
import { ProcessFile, StepEntry } from './process-file.ts';

/** TypeBox stops at eight; people want to correct a file once. */
Settings.Set({ maxErrors: 1_000 });

interface Complaint {
  readonly offset: number;
  readonly text: string;
}

type Path = readonly (string | number)[];

/** `Invalid` with one entry for each complaint, as `<file>:<line>:<column>: <what>`. */
export function readProcessFile(text: string, file: string): ProcessFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const complaints: Complaint[] = document.errors.map(({ pos, message }) => ({
    offset: pos[0],
    text: message,
  }));
  const content: unknown = complaints.length === 0 ? document.toJS() : undefined;
  if (complaints.length === 0) complaints.push(...schemaComplaints(document, content));
  if (complaints.length === 0 && Value.Check(ProcessFile, content)) {
    complaints.push(...meaningComplaints(document, content));
    if (complaints.length === 0) return content;
  }
  const errors = complaints
    .toSorted((a, b) => a.offset - b.offset)
    .map(({ offset, text: what }) => {
      const { line, col } = lines.linePos(offset);
      return `${file}:${line}:${col}: ${what}`;
    });
  throw new Invalid(errors.join('\n'), { errors });
}

function schemaComplaints(document: Document, content: unknown): Complaint[] {
  const complaints: Complaint[] = [];
  const errors = Value.Errors(ProcessFile, content);
  /** A choice that fits in no way: what each of its ways lacks is noise. */
  const choices = errors.filter(({ keyword }) => keyword === 'anyOf');
  for (const error of errors) {
    const inChoice = choices.some(
      (choice) => choice !== error && error.schemaPath.startsWith(`${choice.schemaPath}/anyOf`),
    );
    if (inChoice || error.keyword === 'boolean') continue;
    const path = pathOf(error.instancePath);
    const params = error.params as Record<string, unknown>;
    if (error.keyword === 'additionalProperties') {
      for (const name of params.additionalProperties as string[]) {
        complaints.push({ offset: keyOffset(document, path, name), text: unknownKey(path, name) });
      }
    } else if (error.keyword === 'required') {
      for (const name of params.requiredProperties as string[]) {
        complaints.push({ offset: offsetOf(document, path), text: `${placeOf(path)} needs "${name}".` });
      }
    } else if (error.keyword === 'anyOf') {
      const expected = titleAt(error.schemaPath) ?? 'something else';
      complaints.push({ offset: offsetOf(document, path), text: `${placeOf(path)} must be ${expected}.` });
    } else {
      complaints.push({ offset: offsetOf(document, path), text: `${placeOf(path)} ${error.message}.` });
    }
  }
  return complaints;
}

/** What a schema cannot say. */
function meaningComplaints(document: Document, { steps, variables = {} }: ProcessFile): Complaint[] {
  const complaints: Complaint[] = [];
  const names = new Map<string, number>();
  for (const [index, step] of steps.entries()) {
    const complain = (text: string, key?: string): void => {
      const path = key === undefined ? ['steps', index] : ['steps', index, key];
      complaints.push({ offset: offsetOf(document, path), text: `Step "${step.name}" ${text}` });
    };
    const first = names.get(step.name.toLowerCase());
    if (first !== undefined) complain(`has the same name as step ${first + 1}. Names must differ.`, 'name');
    else names.set(step.name.toLowerCase(), index);
    const ownProgram = step.command !== undefined || step.args !== undefined;
    if (step.run !== undefined && ownProgram) {
      complain('has both a script (run) and a program of the image (command, args). Choose one.', 'run');
    }
    if (step.image !== undefined && step.build !== undefined) {
      complain('has both an image and one that is to be built (build). Choose one.', 'build');
    }
    const contained = step.image !== undefined || step.build !== undefined;
    if (!contained && step.run === undefined) {
      complain('does nothing. Give it an image, a script (run), or both.');
    }
    if (step.run === undefined && step.shell !== undefined)
      complain('has a shell but no script (run).', 'shell');
    if (!contained) {
      const needing = [
        'command',
        'args',
        'user',
        'network',
        'hosts',
        'dns',
        'readonly',
        'pull',
        'limits',
        'volumes',
        'services',
      ] as const;
      for (const key of needing) {
        if (step[key] !== undefined) complain(`has "${key}", which needs an image.`, key);
      }
    }
    if (step.failOnErrorOutput === true && step.oneStream === true) {
      const which = 'nobody can tell which output is an error. Choose one.';
      complain(`has both failOnErrorOutput and oneStream: with one stream ${which}`, 'failOnErrorOutput');
    }
    for (const complaint of serviceComplaints(step.services ?? []))
      complain(`cannot have these services. ${complaint}`, 'services');
    if (index === 0 && step.parallel === true)
      complain('is the first: there is no step to run beside.', 'parallel');
  }
  for (const [name, variable] of Object.entries(variables)) {
    if (typeof variable !== 'object') continue;
    const at = offsetOf(document, ['variables', name]);
    if ((variable.value === undefined) === (variable.env === undefined)) {
      complaints.push({ offset: at, text: `Variable "${name}" needs either "value" or "env".` });
    } else if (variable.secret === true && variable.env === undefined) {
      const text = `Variable "${name}" is a secret, and secrets do not belong into files. Take it from the environment with "env".`;
      complaints.push({ offset: at, text });
    }
  }
  return complaints;
}

function pathOf(pointer: string): Path {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part));
}

function placeOf(path: Path): string {
  if (path.length === 0) return 'The file';
  const [first, second, ...rest] = path;
  if (first === 'steps' && typeof second === 'number') {
    return rest.length === 0 ? `Step ${second + 1}` : `"${rest.join('.')}" of step ${second + 1}`;
  }
  return `"${path.join('.')}"`;
}

function unknownKey(path: Path, name: string): string {
  const known = path[0] === 'steps' && path.length === 2 ? Object.keys(StepEntry.properties) : undefined;
  const near = known?.find((candidate) => distance(candidate, name.toLowerCase()) <= 2);
  const advice =
    near !== undefined
      ? ` Did you mean "${near}"?`
      : known === undefined
        ? ''
        : ` Known are: ${known.join(', ')}.`;
  return `${placeOf(path)} does not know "${name}".${advice}`;
}

/** Edits between two words (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const substituted = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substituted, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

function titleAt(schemaPath: string): string | undefined {
  let schema: unknown = ProcessFile;
  for (const part of schemaPath.split('/').slice(1)) {
    schema = (schema as Record<string, unknown> | undefined)?.[
      part.replaceAll('~1', '/').replaceAll('~0', '~')
    ];
  }
  const title = (schema as { readonly title?: unknown } | undefined)?.title;
  return typeof title === 'string' ? title : undefined;
}

function offsetOf(document: Document, path: Path): number {
  const node: unknown = path.length === 0 ? document.contents : document.getIn(path, true);
  if (isNode(node) && node.range) return node.range[0];
  return path.length === 0 ? 0 : offsetOf(document, path.slice(0, -1));
}

function keyOffset(document: Document, path: Path, name: string): number {
  const map: unknown = path.length === 0 ? document.contents : document.getIn(path, true);
  if (!isMap(map)) return offsetOf(document, path);
  const pair = map.items.find(
    (item) => isPair(item) && isScalar(item.key) && String(item.key.value) === name,
  );
  return isScalar(pair?.key) && pair.key.range ? pair.key.range[0] : offsetOf(document, path);
}
