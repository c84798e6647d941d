/** How packages and what builds tell about them are stored and found. */
import { NotFound } from '@argonaut/contracts';
import type { BuildDetails } from '@argonaut/contracts/rest';
import { Collection, type Database, type Kind, type Stored } from '../database/index.ts';
import { newestFirst } from '../feeds/versions/version.ts';

/** One version of a package in the built-in feed. Its bytes are a blob. */
export interface Package {
  readonly PackageId: string;
  readonly Version: string;
  /** With its dot: `.zip`, `.tar.gz`. */
  readonly FileExtension: string;
  readonly Published: string;
  /** Of the file, in bytes. */
  readonly Size: number;
  /** Of the file, in hex: what Octopus shows. */
  readonly Sha1: string;
  /** Of the file, in hex: what we check. */
  readonly Sha256: string;
  readonly BlobKey: string;
}

const packageKind: Kind<Package> = {
  name: 'Packages',
  title: 'package',
  nameOf: ({ PackageId, Version }) => `${PackageId}.${Version}`,
  index: ({ PackageId }) => ({ PackageId: PackageId.toLowerCase() }),
};

export function packagesIn(database: Database): Collection<Package> {
  return new Collection(database, packageKind);
}

/** The id on the wire is made of the name: clients build it themselves. */
export function wireId(document: Package): string {
  return `packages-${packageKind.nameOf(document)}`;
}

/** `packages-Hello.1.0.0`, `Hello.1.0.0` or our own number. @throws NotFound */
export async function packageNamed(database: Database, space: string, key: string): Promise<Stored<Package>> {
  const packages = packagesIn(database);
  const name = key.replace(/^packages-/i, '');
  const found = (await packages.resolve(name, space)) ?? (await packages.find(key, space));
  if (found !== undefined) return found;
  throw new NotFound(
    `The package "${name}" was not found in the built-in feed. Push it, or choose a version that exists.`,
  );
}

export async function packageVersion(
  database: Database,
  space: string,
  packageId: string,
  version: string,
): Promise<Stored<Package> | undefined> {
  return (await packagesIn(database).all({ space, name: `${packageId}.${version}` }))[0];
}

/** Every version of one package, newest first. Ids are the same whatever their case. */
export async function versionsOf(
  database: Database,
  space: string,
  packageId: string,
): Promise<Stored<Package>[]> {
  const all = await packagesIn(database).all({ space, where: { PackageId: packageId.toLowerCase() } });
  return newestFirst(all, ({ document }) => document.Version);
}

/** By package id, each newest first; `latest` keeps the first of each. */
export function inOrder<T extends { readonly PackageId: string; readonly Version: string }>(
  all: readonly Stored<T>[],
  latest: boolean,
): Stored<T>[] {
  const groups = new Map<string, Stored<T>[]>();
  for (const each of all) {
    const key = each.document.PackageId.toLowerCase();
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [each]);
    else group.push(each);
  }
  return [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, group]) => {
      const sorted = newestFirst(group, ({ document }) => document.Version);
      return latest ? sorted.slice(0, 1) : sorted;
    });
}

/** What a build told about one version of a package, wherever that package lies. */
export interface BuildInformation extends BuildDetails {
  readonly PackageId: string;
  readonly Version: string;
  readonly Created: string;
}

const buildInformationKind: Kind<BuildInformation> = {
  name: 'BuildInformation',
  title: 'build information',
  nameOf: ({ PackageId, Version }) => `${PackageId}.${Version}`,
  index: ({ PackageId }) => ({ PackageId: PackageId.toLowerCase() }),
};

export function buildInformationIn(database: Database): Collection<BuildInformation> {
  return new Collection(database, buildInformationKind);
}

export async function buildInformationOf(
  database: Database,
  space: string,
  packageId: string,
  version: string,
): Promise<Stored<BuildInformation> | undefined> {
  return (await buildInformationIn(database).all({ space, name: `${packageId}.${version}` }))[0];
}
