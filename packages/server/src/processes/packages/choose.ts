/** Chooses a version for every package that a process needs: what was asked for, else the newest that the rules allow. */
import { ArgonautError, Invalid } from '@argonaut/contracts';
import type { SelectedPackage, TemplatePackage } from '@argonaut/contracts/rest';
import { selectedVersion } from '../typed.ts';
import { type Entry, speaksOf, weight } from './entries.ts';

export interface Wishes {
  /** Chosen package by package, as the classic creation sends them. */
  readonly selected?: readonly SelectedPackage[] | undefined;
  readonly entries?: readonly Entry[] | undefined;
  /** For every package that nothing else names. */
  readonly defaultVersion?: string | undefined;
}

/** The newest version in the feed that suits the package in its channel; undefined if there is none. */
export type NewestVersion = (needed: TemplatePackage) => Promise<string | undefined>;

/** @throws Invalid with every package that has no version, and every entry that names nothing. */
export async function choosePackages(
  needed: readonly TemplatePackage[],
  wishes: Wishes,
  newest: NewestVersion,
): Promise<SelectedPackage[]> {
  const entries = wishes.entries ?? [];
  const complaints = entries
    .filter((entry) => !needed.some((each) => speaksOf(entry, each)))
    .map(
      (entry) =>
        `Packages: "${entry.text}" names no package of the process. It has ${nameAll(needed) || 'none'}.`,
    );
  const chosen: SelectedPackage[] = [];
  for (const each of needed) {
    const version =
      selectedVersion(each.ActionName, each.PackageReferenceName, wishes.selected ?? []) ??
      byEntry(entries, each) ??
      each.FixedVersion ??
      wishes.defaultVersion ??
      (each.IsResolvable ? await ask(newest, each) : undefined);
    if (version instanceof Error) complaints.push(version.message);
    else if (version === undefined) complaints.push(missing(each));
    else {
      chosen.push({
        ActionName: each.ActionName,
        StepName: each.StepName,
        PackageReferenceName: each.PackageReferenceName,
        Version: version,
      });
    }
  }
  if (complaints.length > 0) throw new Invalid(complaints.join(' '), { errors: complaints });
  return chosen;
}

/** What a feed says against it (unknown, unreachable) is one complaint among the others. */
async function ask(newest: NewestVersion, needed: TemplatePackage): Promise<string | undefined | Error> {
  try {
    return await newest(needed);
  } catch (error) {
    if (!(error instanceof ArgonautError)) throw error;
    return new Invalid(
      `The newest version of the package "${needed.PackageId}" of the step "${needed.ActionName}" cannot be found: ${error.message}`,
      { cause: error },
    );
  }
}

function byEntry(entries: readonly Entry[], needed: TemplatePackage): string | undefined {
  const speaking = entries.filter((entry) => speaksOf(entry, needed));
  const most = Math.max(0, ...speaking.map(weight));
  return speaking.findLast((entry) => weight(entry) === most)?.version;
}

function missing(needed: TemplatePackage): string {
  const step = `the step "${needed.ActionName}"`;
  if (!needed.IsResolvable) {
    return `The package "${needed.PackageId}" of ${step} is named by variables, so its version must be given, such as "${needed.ActionName}:1.0.0".`;
  }
  return `The package "${needed.PackageId}" of ${step} has no version in the feed "${needed.FeedName || needed.FeedId}" that would do. Push one, or give a version.`;
}

function nameAll(needed: readonly TemplatePackage[]): string {
  return [...new Set(needed.map((each) => each.PackageId))].map((id) => `"${id}"`).join(', ');
}
