/** A channel's rules for package versions. They count when a release is made, and never again. */
import type { ChannelRule, SelectedPackage, TemplatePackage } from '@argonaut/contracts/rest';
import { parsePattern } from '../feeds/versions/pattern.ts';
import { parseRange } from '../feeds/versions/range.ts';
import { parseVersion } from '../feeds/versions/version.ts';
import type { Channel } from '../projects/channels/queries.ts';

/** The rule that speaks of this package, if there is one. */
export function ruleFor(channel: Channel, needed: TemplatePackage): ChannelRule | undefined {
  const same = (a: string | null | undefined, b: string) => (a ?? '').toLowerCase() === b.toLowerCase();
  return channel.Rules?.find((rule) =>
    rule.ActionPackages?.some(
      (each) =>
        same(each.DeploymentAction, needed.ActionName) &&
        same(each.PackageReference, needed.PackageReferenceName),
    ),
  );
}

/** @throws Invalid for a rule that cannot be read */
export function fits(rule: ChannelRule, version: string): boolean {
  if (rule.VersionRange && !parseRange(rule.VersionRange)(version)) return false;
  return !rule.Tag || parsePattern(rule.Tag)(parseVersion(version).prerelease);
}

/** A sentence for every chosen version that its rule does not allow. */
export function breaches(
  channel: Channel,
  needed: readonly TemplatePackage[],
  selected: readonly SelectedPackage[],
): string[] {
  return needed.flatMap((each) => {
    const rule = ruleFor(channel, each);
    const version = selected.find(
      (choice) =>
        choice.ActionName === each.ActionName && choice.PackageReferenceName === each.PackageReferenceName,
    )?.Version;
    if (!rule || version === undefined || fits(rule, version)) return [];
    const wanted = [
      ...(rule.VersionRange ? [`the range ${rule.VersionRange}`] : []),
      ...(rule.Tag ? [`the pre-release tag ${rule.Tag}`] : []),
    ].join(' and ');
    return [
      `The channel "${channel.Name}" allows the package "${each.PackageId}" of the step "${each.ActionName}" only with ${wanted}, so not ${version}. Choose another version or channel, or ask to ignore the channel's rules.`,
    ];
  });
}
