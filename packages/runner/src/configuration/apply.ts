/**
 * Puts values into the files below a step's directory. Directories are walked without following links, so nothing
 * outside is ever read or written; a file is replaced whole, by a rename, and keeps its permissions.
 */
import { constants } from 'node:fs';
import { lstat, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '@argonaut/contracts';
import { ConfigurationFault } from './errors.ts';
import { compilePatterns, type FilePattern } from './patterns.ts';
import { replaceStructured } from './structured.ts';
import { type Evaluate, substitute } from './substitute.ts';
import type { ConfigurationValues } from './values.ts';

export interface ConfigurationRequest {
  /** `Octopus.Action.SubstituteInFiles.TargetFiles`: done first. */
  readonly substitute?: {
    /** One pattern a line. */
    readonly targets: string;
    readonly evaluate: Evaluate;
    /** `OctopusShouldFailDeploymentOnSubstitutionFails`; default false: what is unresolved stays, with a warning. */
    readonly failOnUnresolved?: boolean;
    /** `Octopus.Action.SubstituteInFiles.EnableNoMatchWarning`; default true. */
    readonly warnOfNoMatch?: boolean;
  };
  /** `Octopus.Action.Package.JsonConfigurationVariablesTargets`: done last. */
  readonly structured?: {
    readonly targets: string;
    readonly values: ConfigurationValues;
    /** `Octopus.Action.StructuredConfigurationFallbackFlag`; default false. */
    readonly jsonOnly?: boolean;
  };
}

/** Lines for the step's log. They name files and variables, never values. */
export interface ConfigurationReport {
  readonly changed: readonly string[];
  readonly verbose: readonly string[];
  readonly warnings: readonly string[];
}

/** Larger files are data, not configuration. */
const LARGEST = 64 * 1024 * 1024;
/** A package has fewer; a directory that has more is not looked through. */
const MOST_ENTRIES = 200_000;

/**
 * @param directory the step's own, absolute; no other process writes there meanwhile
 * @throws ConfigurationFault naming the file and what is wrong with it; the signal's reason
 */
export async function configureFiles(
  directory: string,
  request: ConfigurationRequest,
  signal: AbortSignal,
): Promise<ConfigurationReport> {
  const changed = new Set<string>();
  const verbose: string[] = [];
  const warnings: string[] = [];
  const substituting = compilePatterns(request.substitute?.targets ?? '');
  const structuring = compilePatterns(request.structured?.targets ?? '');
  if (substituting.length + structuring.length === 0) return { changed: [], verbose, warnings };
  const { files, links } = await filesBelow(directory, signal);

  const each = async (
    patterns: readonly FilePattern[],
    warnOfNoMatch: boolean,
    work: (path: string, bytes: Uint8Array) => { readonly bytes: Uint8Array; readonly changed: boolean },
  ) => {
    for (const pattern of warnOfNoMatch ? patterns : []) {
      for (const link of links.filter((path) => pattern.matches(path))) {
        warnings.push(`${link} is a link and was left alone.`);
      }
      if (!files.some((path) => pattern.matches(path))) {
        warnings.push(`No file of the step matches the pattern "${pattern.written}".`);
      }
    }
    for (const path of files.filter((file) => patterns.some((pattern) => pattern.matches(file)))) {
      signal.throwIfAborted();
      try {
        if (await rewrite(join(directory, path), (bytes) => work(path, bytes))) changed.add(path);
      } catch (error) {
        if (error instanceof ConfigurationFault) throw new ConfigurationFault(`${path}: ${error.message}`);
        throw error;
      }
    }
  };

  const { substitute: templates, structured } = request;
  if (templates) {
    await each(substituting, templates.warnOfNoMatch ?? true, (path, bytes) => {
      const result = substitute(bytes, templates.evaluate);
      if (result.unresolved !== null) {
        if (templates.failOnUnresolved) throw new ConfigurationFault(result.unresolved);
        warnings.push(`${path}: ${result.unresolved}`);
      }
      return result;
    });
  }
  if (structured) {
    await each(structuring, true, (path, bytes) => {
      const result = replaceStructured(bytes, path, structured.values, structured.jsonOnly);
      verbose.push(
        result.used.length === 0
          ? `${path}: no variable names a value of this ${result.format} file.`
          : `${path}: replaced ${result.used.join(', ')}.`,
      );
      return { bytes: result.bytes, changed: result.used.length > 0 };
    });
  }
  return { changed: [...changed].sort(), verbose, warnings };
}

async function filesBelow(directory: string, signal: AbortSignal) {
  const files: string[] = [];
  const links: string[] = [];
  const waiting = [''];
  let entries = 0;
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    signal.throwIfAborted();
    for (const entry of await readdir(join(directory, at), { withFileTypes: true })) {
      entries += 1;
      if (entries > MOST_ENTRIES) {
        throw new ConfigurationFault(
          `The step's directory holds more than ${MOST_ENTRIES} files. Name the files in a package of their own.`,
        );
      }
      const path = at === '' ? entry.name : `${at}/${entry.name}`;
      if (entry.isDirectory()) waiting.push(path);
      else if (entry.isFile()) files.push(path);
      else if (entry.isSymbolicLink()) links.push(path);
    }
  }
  return { files: files.sort(), links };
}

async function rewrite(
  path: string,
  work: (bytes: Uint8Array) => { readonly bytes: Uint8Array; readonly changed: boolean },
): Promise<boolean> {
  const { size, mode } = await lstat(path);
  if (size > LARGEST) {
    throw new ConfigurationFault(`The file has ${size} bytes; at most ${LARGEST} can be worked on.`);
  }
  const bytes = await readWithoutLinks(path);
  const result = work(bytes);
  if (!result.changed) return false;
  const beside = `${path}.argonaut-new`;
  try {
    const file = await open(beside, 'wx', mode & 0o777);
    try {
      await file.writeFile(result.bytes);
      // Whatever the umask took away.
      await file.chmod(mode & 0o777);
    } finally {
      await file.close();
    }
    await rename(beside, path);
    return true;
  } catch (error) {
    await rm(beside, { force: true });
    throw new ConfigurationFault(`The file could not be written: ${messageOf(error)}`, { cause: error });
  }
}

async function readWithoutLinks(path: string): Promise<Uint8Array> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    return await file.readFile();
  } finally {
    await file.close();
  }
}
