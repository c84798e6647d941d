/** Structured configuration: chooses how a file is read, by its name, else by trying. */
import { decode, encode } from './encoding.ts';
import { ConfigurationFault } from './errors.ts';
import { replaceInJson } from './json.ts';
import { replaceInProperties } from './properties.ts';
import type { ConfigurationValues, Replaced } from './values.ts';
import { replaceInYaml } from './yaml.ts';

export type Format = 'JSON' | 'YAML' | 'properties';

export interface Structured {
  readonly bytes: Uint8Array;
  readonly format: Format;
  /** Names of the variables that were put in; empty: the bytes are the ones that came. */
  readonly used: readonly string[];
  /** A sentence for each of them in which something stayed unresolved. */
  readonly unresolved: readonly string[];
}

const READERS: Readonly<Record<Format, (text: string, values: ConfigurationValues) => Replaced>> = {
  JSON: replaceInJson,
  YAML: replaceInYaml,
  properties: replaceInProperties,
};

/** Formats that other tools know by this word and this one does not read. */
const UNREAD: Readonly<Record<string, string>> = { xml: 'XML', config: 'XML' };

/**
 * @param name the file's name; its ending decides, unknown endings are tried as JSON, then as YAML
 * @param jsonOnly as before other formats were read: everything is JSON
 * @throws ConfigurationFault when the file cannot be read as what it is.
 */
export function replaceStructured(
  bytes: Uint8Array,
  name: string,
  values: ConfigurationValues,
  jsonOnly = false,
): Structured {
  const { text, encoding } = decode(bytes);
  let failure: unknown;
  for (const format of formatsOf(name, jsonOnly)) {
    try {
      const replaced = READERS[format](text, values);
      const isSame = replaced.used.length === 0;
      return {
        bytes: isSame ? bytes : encode({ text: replaced.text, encoding }),
        format,
        used: replaced.used,
        unresolved: replaced.unresolved,
      };
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

/** Everything may hold JSON, so that is tried first, as Octopus does. */
function formatsOf(name: string, jsonOnly: boolean): readonly Format[] {
  const ending = name.slice(name.lastIndexOf('.') + 1).toLowerCase();
  if (jsonOnly || ending === 'json') return ['JSON'];
  if (ending === 'properties') return ['properties'];
  const unread = UNREAD[ending];
  if (unread !== undefined) {
    throw new ConfigurationFault(
      `Values cannot be put into ${unread}; this version reads JSON, YAML and Java properties. Use templates in the file instead (substitute variables in files).`,
    );
  }
  return ['JSON', 'YAML'];
}
