/**
 * As much of a Dockerfile as is needed beside the engine: which line an instruction stands on, and which images it begins
 * from, so that those are acquired like all others. Pure. Grammar: docs.docker.com/reference/dockerfile
 */
import { Invalid } from '@argonaut/contracts';

export interface Instruction {
  /** Of its first line, from 1. */
  readonly line: number;
  /** Of its last line. */
  readonly lastLine: number;
  /** Upper case. */
  readonly keyword: string;
  /** What follows the keyword, with its lines joined as the engine does it. */
  readonly rest: string;
}

/** An image that a Dockerfile begins from or copies out of. */
export interface BaseImage {
  readonly instruction: Instruction;
  /** As it is written, possibly with arguments in it. */
  readonly written: string;
  /** With the arguments filled in. */
  readonly reference: string;
}

export type BuildArguments = Readonly<Record<string, string>>;

/** The instructions in order: the n-th is what the engine calls `Step n`. */
export function instructionsOf(dockerfile: string): readonly Instruction[] {
  const lines = dockerfile.split(/\r?\n/);
  const joint = escapeOf(lines);
  const found: Instruction[] = [];
  let begun: { line: number; text: string } | undefined;
  for (const [index, line] of lines.entries()) {
    // Comments and empty lines may also stand between the lines of one instruction.
    if (/^\s*(#|$)/.test(line)) continue;
    const goesOn = line.trimEnd().endsWith(joint);
    const text = goesOn ? line.trimEnd().slice(0, -1) : line;
    begun = { line: begun?.line ?? index + 1, text: (begun?.text ?? '') + text };
    if (goesOn) continue;
    found.push(instruction(begun.line, index + 1, begun.text));
    begun = undefined;
  }
  if (begun !== undefined) found.push(instruction(begun.line, lines.length, begun.text));
  return found;
}

/** The directive `# escape=` counts only above everything else. */
function escapeOf(lines: readonly string[]): string {
  for (const line of lines) {
    const directive = /^\s*#\s*([a-zA-Z]+)\s*=\s*(\S+)\s*$/.exec(line);
    if (directive === null) break;
    if (directive[1]?.toLowerCase() === 'escape') return directive[2] ?? '\\';
  }
  return '\\';
}

function instruction(line: number, lastLine: number, text: string): Instruction {
  const match = /^\s*(\S+)\s*([\s\S]*)$/.exec(text);
  return { line, lastLine, keyword: (match?.[1] ?? '').toUpperCase(), rest: (match?.[2] ?? '').trim() };
}

/**
 * What has to be there before the build begins: images behind `FROM` and `COPY --from=`, without `scratch` and without the
 * build's own stages. `predefined`: see {@link platformArguments}. @throws Invalid for an argument without a value, with its line
 */
export function baseImages(
  dockerfile: string,
  given: BuildArguments = {},
  predefined: BuildArguments = {},
): readonly BaseImage[] {
  const known = new Map(Object.entries(predefined));
  const stages = new Set<string>();
  const bases: BaseImage[] = [];
  for (const it of instructionsOf(dockerfile)) {
    if (it.keyword === 'ARG' && stages.size === 0 && bases.length === 0) noteArguments(it, given, known);
    if (it.keyword === 'FROM') {
      const words = it.rest.split(/\s+/).filter((word) => !word.startsWith('--'));
      const [written = '', as, stage] = words;
      const reference = filledIn(written, known, it);
      if (reference !== 'scratch' && !stages.has(reference.toLowerCase()))
        bases.push({ instruction: it, written, reference });
      stages.add(as?.toUpperCase() === 'AS' && stage ? stage.toLowerCase() : `${stages.size}`);
    }
    const copied = it.keyword === 'COPY' ? /(?:^|\s)--from=(\S+)/.exec(it.rest)?.[1] : undefined;
    if (copied === undefined || /^\d+$/.test(copied) || stages.has(copied.toLowerCase())) continue;
    bases.push({ instruction: it, written: copied, reference: copied });
  }
  return bases;
}

/** What blanks part, unless they are quoted. */
const WORD = /(?:[^\s"']|"[^"]*"|'[^']*')+/g;

/** Only those above the first `FROM` may stand in one. */
function noteArguments({ rest }: Instruction, given: BuildArguments, known: Map<string, string>): void {
  for (const word of rest.match(WORD) ?? []) {
    const equals = word.indexOf('=');
    const name = equals < 0 ? word : word.slice(0, equals);
    const value = Object.hasOwn(given, name)
      ? given[name]
      : equals < 0
        ? undefined
        : defaultValue(word.slice(equals + 1), known);
    if (value !== undefined) known.set(name, value);
  }
}

/** Arguments above it may stand in it; one that has no value is nothing there, as for the engine. */
function defaultValue(written: string, known: ReadonlyMap<string, string>): string {
  const [, quote = '', text = written] = /^(["'])(.*)\1$/.exec(written) ?? [];
  return quote === "'" ? text : substituted(text, known, () => '');
}

function filledIn(written: string, known: ReadonlyMap<string, string>, { line }: Instruction): string {
  return substituted(written, known, (name) => {
    throw new Invalid(
      `Line ${line} of the Dockerfile begins from "${written}", and the argument ${name} has no value. Give it a default (ARG ${name}=…) above the first FROM, or name it among the build arguments.`,
    );
  });
}

/** `$NAME`, `${NAME}`, `${NAME:-otherwise}` and `${NAME:+instead}`; without the colon an empty value counts as one. */
const ARGUMENT = /\$(?:\{([A-Za-z_]\w*)(?:(:?)([-+])([^}]*))?\}|([A-Za-z_]\w*))/g;

function substituted(
  written: string,
  known: ReadonlyMap<string, string>,
  missing: (name: string) => string,
): string {
  const fill = (...[, braced, colon, sign, word = '', plain]: (string | undefined)[]): string => {
    const name = braced ?? plain ?? '';
    const value = known.get(name);
    const isSet = value !== undefined && (colon === '' || value !== '');
    if (sign === '+') return isSet ? word : '';
    if (sign === '-') return isSet ? value : word;
    return value || missing(name);
  };
  return written.replace(ARGUMENT, fill);
}

/**
 * Docker 20.10 takes the lines of a here-document for instructions. Docker 29 passes over them in silence, and runs the command
 * with nothing.
 * @throws Invalid with the line where one begins
 */
export function refuseHereDocuments(dockerfile: string): void {
  for (const { line, keyword, rest } of instructionsOf(dockerfile)) {
    if (!/^(RUN|COPY|ADD)$/.test(keyword)) continue;
    const begins = rest.match(WORD)?.find((word) => /^\d*<<-?["']?[A-Za-z_]/.test(word));
    if (begins === undefined) continue;
    throw new Invalid(
      `Line ${line} of the Dockerfile begins a here-document (${begins}), which only BuildKit understands, and this build does not use it. Write its text with printf, and join the lines of a command with "\\".`,
    );
  }
}

interface Platform {
  readonly os: string;
  readonly architecture: string;
}

/** What BuildKit knows in every Dockerfile, and the engine's classic builder in none. Both are the worker's own platform here. */
export function platformArguments({ os, architecture }: Platform): BuildArguments {
  return Object.fromEntries(
    ['BUILD', 'TARGET'].flatMap((which) => [
      [`${which}PLATFORM`, `${os}/${architecture}`],
      [`${which}OS`, os],
      [`${which}ARCH`, architecture],
    ]),
  );
}

/** Those of them that some stage asks for (`ARG TARGETARCH`): an argument that nobody asks for is a warning of the engine's. */
export function askedArguments(dockerfile: string, predefined: BuildArguments): BuildArguments {
  const asked = instructionsOf(dockerfile)
    .filter(({ keyword }) => keyword === 'ARG')
    .flatMap(({ rest }) => rest.split(/\s+/));
  return Object.fromEntries(Object.entries(predefined).filter(([name]) => asked.includes(name)));
}

/**
 * The same text on the same lines, with the platform itself in `FROM --platform=$BUILDPLATFORM`.
 * @throws Invalid for another platform than the worker's: the engine would take the worker's image for it, in silence
 */
export function forPlatform(
  dockerfile: string,
  { os, architecture }: Platform,
  given: BuildArguments,
): string {
  const worker = `${os}/${architecture}`;
  const known = new Map(Object.entries(platformArguments({ os, architecture })));
  const lines = dockerfile.split('\n');
  let isAbove = true;
  for (const it of instructionsOf(dockerfile)) {
    if (it.keyword === 'ARG' && isAbove) noteArguments(it, given, known);
    if (it.keyword !== 'FROM') continue;
    isAbove = false;
    const flag = it.rest.split(/\s+/).find((word) => word.startsWith('--platform='));
    if (flag === undefined) continue;
    const wanted = filledIn(flag.slice('--platform='.length), known, it);
    if (wanted !== worker && !wanted.startsWith(`${worker}/`)) {
      throw new Invalid(
        `Line ${it.line} of the Dockerfile begins from an image for ${wanted}; the worker builds and runs ${worker}. Leave out --platform, or take a worker of that platform.`,
      );
    }
    for (let index = it.line - 1; index < it.lastLine; index++)
      lines[index] = (lines[index] ?? '').replace(flag, () => `--platform=${worker}`);
  }
  return lines.join('\n');
}

/** The same text on the same lines, with other names for the images that it begins from. */
export function withBases(
  dockerfile: string,
  names: readonly { readonly base: BaseImage; readonly name: string }[],
): string {
  const lines = dockerfile.split('\n');
  for (const { base, name } of names) {
    const { line, lastLine } = base.instruction;
    for (let index = line - 1; index < lastLine; index++) {
      const before = lines[index] ?? '';
      const after = before.replace(wordOf(base.written), (_all, lead: string) => lead + name);
      lines[index] = after;
      if (after !== before) break;
    }
  }
  return lines.join('\n');
}

/** The word itself, never a part of another one. */
function wordOf(written: string): RegExp {
  return new RegExp(`((?:^|\\s|--from=))${written.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}(?=\\s|$)`);
}
