/** Every filter by its name. Names are found in any case. */

import { toLower, toUpper } from './case.ts';
import { fromBase64, md5, sha1, sha256, sha384, sha512, toBase64 } from './encoding.ts';
import {
  htmlEscape,
  jsonEscape,
  propertiesKeyEscape,
  propertiesValueEscape,
  uriDataEscape,
  uriEscape,
  xmlEscape,
  yamlDoubleQuoteEscape,
  yamlSingleQuoteEscape,
} from './escaping.ts';
import type { Filter, FilterTools } from './filter.ts';
import { addDays, addHours, format, nowDate, nowDateUtc } from './format.ts';
import { markdown } from './markdown.ts';
import { match, replace } from './patterns.ts';
import { contains, endsWith, startsWith } from './predicates.ts';
import { append, indent, prepend, substring, trim, truncate } from './text.ts';
import { uriPart } from './uri.ts';
import {
  versionMajor,
  versionMetadata,
  versionMinor,
  versionPatch,
  versionPreRelease,
  versionPreReleaseCounter,
  versionPreReleasePrefix,
  versionRevision,
} from './version.ts';

const FILTERS: Readonly<Record<string, Filter>> = {
  // case
  ToLower: toLower,
  ToUpper: toUpper,
  // encodings and hashes
  ToBase64: toBase64,
  FromBase64: fromBase64,
  Md5: md5,
  Sha1: sha1,
  Sha256: sha256,
  Sha384: sha384,
  Sha512: sha512,
  // escapes
  HtmlEscape: htmlEscape,
  XmlEscape: xmlEscape,
  JsonEscape: jsonEscape,
  YamlSingleQuoteEscape: yamlSingleQuoteEscape,
  YamlDoubleQuoteEscape: yamlDoubleQuoteEscape,
  PropertiesKeyEscape: propertiesKeyEscape,
  PropertiesValueEscape: propertiesValueEscape,
  UriEscape: uriEscape,
  UriDataEscape: uriDataEscape,
  Markdown: markdown,
  MarkdownToHtml: markdown,
  // numbers and dates
  Format: format,
  NowDate: nowDate,
  NowDateUtc: nowDateUtc,
  AddHours: addHours,
  AddDays: addDays,
  // questions
  Match: match,
  StartsWith: startsWith,
  EndsWith: endsWith,
  Contains: contains,
  // text
  Replace: replace,
  Substring: substring,
  Truncate: truncate,
  Trim: trim,
  Indent: indent,
  Append: append,
  Prepend: prepend,
  UriPart: uriPart,
  // versions
  VersionMajor: versionMajor,
  VersionMinor: versionMinor,
  VersionPatch: versionPatch,
  VersionRevision: versionRevision,
  VersionPreRelease: versionPreRelease,
  VersionPreReleasePrefix: versionPreReleasePrefix,
  VersionPreReleaseCounter: versionPreReleaseCounter,
  VersionMetadata: versionMetadata,
  // makes the whole result null; the evaluator looks at its name
  null: () => null,
};

export const filterNames: readonly string[] = Object.keys(FILTERS);

const byFoldedName = new Map(Object.entries(FILTERS).map(([name, filter]) => [name.toLowerCase(), filter]));

/** Null if there is no such filter, or it has nothing to say to this input. */
export function applyFilter(
  name: string,
  input: string | null,
  options: readonly string[],
  tools: FilterTools,
): string | null {
  const filter = byFoldedName.get(name.toLowerCase());
  return filter === undefined ? null : filter(input, options, tools);
}
