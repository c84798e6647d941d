/** Which packages of a process need a version before it can be frozen. */
import type { SelectedPackage, TemplatePackage } from '@argonaut/contracts/rest';
import { PropertyReader } from '../properties.ts';
import type { StoredStep } from '../queries.ts';
import { packagesOf, selectedVersion } from '../typed.ts';

/**
 * Every package of every action that is not disabled and belongs to the channel.
 * @param last what the last release or snapshot chose, to be offered again
 */
export function packagesNeeded(
  steps: readonly StoredStep[],
  options: {
    readonly channelId?: string | undefined;
    readonly last?: readonly SelectedPackage[] | undefined;
    readonly feedName: (id: string) => string;
  },
): TemplatePackage[] {
  const { channelId } = options;
  return steps.flatMap((step) =>
    step.Actions.filter((action) => {
      const channels = action.Channels ?? [];
      const applies = channelId === undefined || channels.length === 0 || channels.includes(channelId);
      return !action.IsDisabled && applies;
    }).flatMap((action) =>
      packagesOf(action, new PropertyReader(action.Properties)).map((reference): TemplatePackage => {
        const name = reference.Name ?? '';
        const [packageId, feedId] = [reference.PackageId ?? '', reference.FeedId ?? ''];
        const feedName = options.feedName(feedId);
        return {
          StepName: step.Name,
          ActionName: action.Name,
          PackageId: packageId,
          PackageReferenceName: name,
          FeedId: feedId,
          FeedName: feedName,
          NuGetPackageId: packageId,
          NuGetFeedId: feedId,
          NuGetFeedName: feedName,
          VersionSelectedLastRelease: selectedVersion(action.Name, name, options.last ?? []) ?? null,
          FixedVersion: reference.Version || null,
          IsResolvable: !packageId.includes('#{') && !feedId.includes('#{'),
          ProjectName: null,
        };
      }),
    ),
  );
}
