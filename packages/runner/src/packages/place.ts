/**
 * Puts copies of a step's packages into its directory, as Octopus lays them out: a reference unpacked as `<name>/` or as the
 * file `<name><extension>`; the step's own package unpacked as the directory itself, or as `<id>.<version><extension>`.
 */
import { Invalid, NotFound } from '@argonaut/contracts';
import { packagePath, type StepPackage } from '@argonaut/contracts/attempt';
import type { Files } from '../ports/files.ts';
import type { PackageCache } from './cache.ts';

/**
 * @param directory the step's own, empty; nothing of the step runs yet
 * @throws Invalid (a name), NotFound (not acquired, or gone since), InfrastructureFailure
 */
export async function placePackages(
  files: Files,
  cache: PackageCache,
  directory: string,
  packages: readonly StepPackage[],
  signal: AbortSignal,
): Promise<void> {
  // The one that lies under all others comes first.
  const inOrder = [...packages].sort((a, b) => packagePath(a).length - packagePath(b).length);
  for (const one of inOrder) {
    const path = packagePath(one);
    checkName(one, path);
    const from = cache.pathOf(one);
    if (!(await files.stat(from, signal))) {
      throw new NotFound(
        `Package ${one.packageId} ${one.version} is not on the worker any more (it made room for another); acquire it again.`,
      );
    }
    const to = path === '' ? directory : `${directory}/${path}`;
    if (path !== '' && (await files.stat(to, signal))) {
      throw new Invalid(
        `The package reference "${one.name}" would lie at ${path} in the step's directory, where another package has something of that name. Give the reference another name.`,
      );
    }
    if (one.extract && path !== '') await files.makeDirectory(to, 0o777, signal);
    await files.copy(from, to, signal);
  }
}

/** Names are users' own, and become file names. */
function checkName({ name, packageId }: StepPackage, path: string): void {
  if (/^[A-Za-z0-9._ +-]{0,250}$/.test(path) && !path.includes('..') && path !== '.') return;
  throw new Invalid(
    `The package reference "${name || packageId}" cannot be a file name. Use letters, digits, dots and dashes.`,
  );
}
