/**
 * Parts of a version, read leniently: `v1.2.3.4-branch.1+meta`. One to four numbers may be followed by a
 * prerelease after `.`, `-`, `_` or a backslash, and by metadata after `+`.
 */

import { FilterError } from '../evaluation/errors.ts';
import type { Filter } from './filter.ts';

interface Version {
  readonly numbers: readonly string[];
  readonly preRelease: string;
  readonly prefix: string;
  readonly counter: string;
  readonly metadata: string;
}

const SHAPE =
  /^([vV]?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:\.(\d+))?)?[.\-_\\]?([A-Za-z0-9.\-_\\]*)(?:\+([A-Za-z0-9_\-.\\+]*))?$/;

function versionOf(text: string): Version {
  const found = text.length > 1000 ? null : SHAPE.exec(text.trim());
  if (text.trim() === '' || found === null) {
    // The text is not quoted: it may be a secret, and a piece of one is not recognised as such.
    throw new FilterError(
      `A text of ${text.length} characters is not a version, so no part of it can be taken. Check the value before the filter.`,
    );
  }
  const [, , major = '0', minor = '0', patch = '0', revision = '0', preRelease = '', metadata = ''] = found;
  const split = preRelease.search(/[.\-_\\]/);
  return {
    numbers: [major, minor, patch, revision].map((digits) => digits.replace(/^0+(?=\d)/, '')),
    preRelease,
    prefix: split === -1 ? preRelease : preRelease.slice(0, split),
    counter: split === -1 ? '' : preRelease.slice(split + 1),
    metadata,
  };
}

const part =
  (take: (version: Version) => string): Filter =>
  (input) =>
    input === null ? null : take(versionOf(input));

export const versionMajor = part(({ numbers }) => numbers[0] ?? '0');
export const versionMinor = part(({ numbers }) => numbers[1] ?? '0');
export const versionPatch = part(({ numbers }) => numbers[2] ?? '0');
export const versionRevision = part(({ numbers }) => numbers[3] ?? '0');
export const versionPreRelease = part(({ preRelease }) => preRelease);
export const versionPreReleasePrefix = part(({ prefix }) => prefix);
export const versionPreReleaseCounter = part(({ counter }) => counter);
export const versionMetadata = part(({ metadata }) => metadata);
