/**
 * What a step can read of its packages once they lie in its directory. What its definition alone decides (`PackageId`,
 * `FeedId`, …) it can read before. Names: Octopus's system variables.
 */
import { packagePath, type StepPackage } from '@argonaut/contracts/attempt';

/** `work`: the step's directory, as its program sees it. */
export function packageVariables(packages: readonly StepPackage[], work: string): Record<string, string> {
  const values: Record<string, string> = {};
  for (const one of packages) {
    const prefix = one.name === '' ? 'Octopus.Action.Package' : `Octopus.Action.Package[${one.name}]`;
    const relative = packagePath(one);
    const path = relative === '' ? work : `${work}/${relative}`;
    values[`${prefix}.PackageId`] = one.packageId;
    values[`${prefix}.PackageVersion`] = one.version;
    values[`${prefix}.OriginalPath`] = path;
    if (one.extract) values[`${prefix}.ExtractedPath`] = path;
    else {
      values[`${prefix}.PackageFilePath`] = path;
      values[`${prefix}.PackageFileName`] = relative;
    }
    if (one.name === '' && one.extract) {
      values[`${prefix}.InstallationDirectoryPath`] = path;
      values.OctopusOriginalPackageDirectoryPath = path;
    }
  }
  return values;
}
