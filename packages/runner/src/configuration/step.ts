/**
 * Puts values into the files of a step, in its own directory, before its program runs. Nothing of the step runs yet, so
 * nobody changes what is looked at; links are never followed, so nothing outside is read or written.
 *
 * A file whose new content depends on a sensitive value is not written: it becomes a late file, which lives in memory, and
 * a link in its place leads there. Whether it depends is found out by doing the work twice, the second time with other
 * values in the place of the sensitive ones: what comes out the same could have been written without knowing them.
 *
 * Originals are put aside before anything changes. So the work can be repeated after a crash in its middle, and when the
 * gate has to be opened again: then only the late files are made, because the program may be running already.
 */
import { createHash } from 'node:crypto';
import { dirname } from 'node:path';
import type { FileConfiguration, LateFile, WorkerLine } from '@argonaut/contracts/attempt';
import type { Files, TreeEntry } from '../ports/files.ts';
import { BOUNDS, type Bounds, WorkApart } from './apart.ts';
import { FileRules, type Rule, type Worked } from './apply.ts';
import { ConfigurationFault } from './errors.ts';
import { resultOf, StepWork } from './step-work.ts';

export interface StepFiles {
  readonly files: Files;
  /** The step's directory. */
  readonly work: string;
  /** Where originals are put aside: no program of the step can reach it. */
  readonly originals: string;
  /** Where late files will be, as the program sees it. */
  readonly lateFiles: string;
}

export interface Configured {
  readonly lateFiles: readonly LateFile[];
  readonly lines: readonly WorkerLine[];
}

/** A thread takes longer to start than the work on a file of so many bytes: measured up to 0.4 s, if it is YAML. */
const SMALL = 64 * 1024;
/** Of all values together: where one replaces a mapping, it is read like a file. */
const SMALL_VALUES = 4 * SMALL;
/** Larger files are data, not configuration. */
const LARGEST = 64 * 1024 * 1024;
/** Of the late files together: they are kept in memory on their way and where they end up. */
const MOST_LATE_BYTES = 64 * 1024 * 1024;
/** A package has fewer; a directory that has more is not looked through. */
const MOST_ENTRIES = 200_000;

/**
 * @param time `first`: the gate has never been opened; `again`: the program may be running
 * @throws ConfigurationFault naming the file and what is wrong with it; InfrastructureFailure; the signal's reason
 */
export async function configureStep(
  step: StepFiles,
  configuration: FileConfiguration | undefined,
  time: 'first' | 'again',
  signal: AbortSignal,
  bounds: Bounds = BOUNDS,
): Promise<Configured> {
  if (configuration === undefined) return { lateFiles: [], lines: [] };
  const rules = new FileRules(configuration);
  const found = await filesOf(step, time, signal);
  const lines: WorkerLine[] = time === 'first' ? complaints(rules, found) : [];
  const lateFiles: LateFile[] = [];
  let lateBytes = 0;
  const met = found.files.filter(({ path }) => rules.meet(path));
  const here = new StepWork(configuration);
  const areSmall = valuesAreSmall(configuration);
  await using apart = new WorkApart(configuration, bounds);
  for (const file of met) {
    signal.throwIfAborted();
    const { path } = file;
    const original = await read(step, file, signal);
    const { worked, secret } =
      areSmall && original.length <= SMALL
        ? resultOf(here.file(path, original))
        : await apart.file(path, original, signal);
    if (time === 'first') lines.push(...linesOf(path, worked));
    if (!worked.changed) continue;
    const late: LateFile | undefined = secret ? { name: lateName(path), bytes: worked.bytes } : undefined;
    if (late !== undefined) {
      lateFiles.push(late);
      lateBytes += late.bytes.length;
      if (lateBytes > MOST_LATE_BYTES) {
        throw new ConfigurationFault(
          `The files with sensitive values have more than ${MOST_LATE_BYTES} bytes together, and would have to be kept in memory. Put sensitive values into fewer files.`,
        );
      }
    }
    if (time === 'first') await replace(step, file, late ?? worked.bytes, signal);
  }
  return { lateFiles, lines };
}

function valuesAreSmall({ structured, variables }: FileConfiguration): boolean {
  if (structured === undefined) return true;
  const characters = Object.values(variables).reduce((sum, value) => sum + (value?.length ?? 0), 0);
  return characters <= SMALL_VALUES;
}

interface FoundFile extends TreeEntry {
  /** It was put aside by an earlier try. */
  readonly aside: boolean;
}

interface Found {
  readonly files: readonly FoundFile[];
  readonly links: readonly string[];
}

async function filesOf(
  { files, work, originals }: StepFiles,
  time: 'first' | 'again',
  signal: AbortSignal,
): Promise<Found> {
  const aside = (await files.stat(originals, signal))
    ? (await files.walk(originals, MOST_ENTRIES, signal)).filter(({ kind }) => kind === 'file')
    : [];
  const known = new Set(aside.map(({ path }) => path));
  const here =
    time === 'first'
      ? (await files.walk(work, MOST_ENTRIES, signal)).filter(({ path }) => !known.has(path))
      : [];
  const all = [
    ...aside.map((entry) => ({ ...entry, aside: true })),
    ...here.filter(({ kind }) => kind === 'file').map((entry) => ({ ...entry, aside: false })),
  ];
  return {
    files: all.sort((a, b) => (a.path < b.path ? -1 : 1)),
    links: here.filter(({ kind }) => kind === 'link').map(({ path }) => path),
  };
}

/** What a pattern names and is not there, and links, which are left alone. */
function complaints(rules: FileRules, { files, links }: Found): WorkerLine[] {
  const warning = (message: string): WorkerLine => ({ level: 'Warning', message });
  const path = rules.script?.path;
  if (path !== undefined && !files.some((file) => file.path === path)) {
    if (!links.includes(path)) throw missingScript(path, files);
    return [warning(`${path} is a link; variables are not substituted in it.`)];
  }
  const about = ({ patterns, warnOfNoMatch }: Rule): WorkerLine[] =>
    patterns.flatMap((pattern) => {
      const matching = links.filter((link) => pattern.matches(link));
      const none = warnOfNoMatch && !files.some((file) => pattern.matches(file.path));
      return [
        ...matching.map((link) => warning(`${link} is a link and was left alone.`)),
        ...(none ? [warning(`No file of the step matches the pattern "${pattern.written}".`)] : []),
      ];
    });
  return [...about(rules.substituting), ...about(rules.structuring)];
}

function missingScript(path: string, files: readonly FoundFile[]): ConfigurationFault {
  const shown = files.slice(0, 10).map((file) => file.path);
  const more = files.length > shown.length ? ` and ${files.length - shown.length} more` : '';
  return new ConfigurationFault(
    `The package has no file "${path}" for the script. It has ${shown.length === 0 ? 'no files' : `${shown.join(', ')}${more}`}. Correct the script's file name, or choose another version of the package.`,
  );
}

function linesOf(path: string, { verbose, warnings }: Worked): WorkerLine[] {
  return [
    ...verbose.map((text): WorkerLine => ({ level: 'Verbose', message: `${path}: ${text}` })),
    ...warnings.map((text): WorkerLine => ({ level: 'Warning', message: `${path}: ${text}` })),
  ];
}

async function read(
  { files, work, originals }: StepFiles,
  { path, size, aside }: FoundFile,
  signal: AbortSignal,
): Promise<Uint8Array> {
  if (size > LARGEST) {
    throw new ConfigurationFault(`${path}: it has ${size} bytes; at most ${LARGEST} can be worked on.`);
  }
  const bytes = await files.readFile(`${aside ? originals : work}/${path}`, LARGEST, signal);
  if (bytes === undefined) throw new ConfigurationFault(`${path}: it is gone.`);
  return bytes;
}

async function replace(
  { files, work, originals, lateFiles }: StepFiles,
  { path, permissions, aside }: FoundFile,
  by: LateFile | Uint8Array,
  signal: AbortSignal,
): Promise<void> {
  const target = `${work}/${path}`;
  if (aside) await files.remove(target, signal);
  else {
    const away = `${originals}/${path}`;
    await files.makeDirectory(originals, 0o700, signal);
    await files.makeDirectory(dirname(away), 0o700, signal);
    await files.rename(target, away, signal);
  }
  if (by instanceof Uint8Array) await files.createFile(target, permissions, [by], signal);
  else await files.makeLink(target, `${lateFiles}/${by.name}`, signal);
}

/** The same for the same file whenever it is made; with its ending, by which programs tell what they read. */
function lateName(path: string): string {
  const ending = /\.[A-Za-z0-9]{1,16}$/.exec(path)?.[0] ?? '';
  return `file-${createHash('sha256').update(path).digest('hex').slice(0, 24)}${ending}`;
}
