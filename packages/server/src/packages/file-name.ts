/**
 * What a package's file name says: `Acme.Web.1.4.0-beta.2.tar.gz` is the package `Acme.Web` in the version
 * `1.4.0-beta.2`. The version begins at the first dot behind which everything up to the extension is a version. Pure.
 */
import { Invalid } from '@argonaut/contracts';

export interface PackageName {
  readonly packageId: string;
  readonly version: string;
  /** With its dot. */
  readonly extension: string;
}

/** Longer ones first where one ends in another. */
const EXTENSIONS = [
  '.tar.gz',
  '.tar.bz2',
  '.tar.xz',
  '.tar.zst',
  '.tar',
  '.tgz',
  '.tbz',
  '.zip',
  '.nupkg',
  '.jar',
  '.war',
  '.ear',
  '.rar',
  '.7z',
];

const PACKAGE_ID = /^[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,98}[A-Za-z0-9_])?$/;
const VERSION = /^\d+(?:\.\d+){0,3}(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$/;
const LONGEST = 250;

/** @throws Invalid when the name does not say which package and version it is. */
export function readFileName(fileName: string): PackageName {
  const name = fileName.trim();
  const lower = name.toLowerCase();
  const extension = EXTENSIONS.find((known) => lower.endsWith(known));
  if (extension === undefined || name.length > LONGEST) {
    throw new Invalid(
      `The file "${name.slice(0, LONGEST)}" cannot be a package: its name must end in one of ${EXTENSIONS.join(', ')}.`,
    );
  }
  const stem = name.slice(0, -extension.length);
  for (let dot = stem.indexOf('.'); dot > 0; dot = stem.indexOf('.', dot + 1)) {
    const [packageId, version] = [stem.slice(0, dot), stem.slice(dot + 1)];
    if (VERSION.test(version) && PACKAGE_ID.test(packageId)) return { packageId, version, extension };
  }
  throw new Invalid(
    `The file name "${name}" gives no package id and version. Name it like "Acme.Web.1.0.0.zip": letters, digits, dots, dashes and underscores, then a version.`,
  );
}
