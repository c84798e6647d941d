/**
 * Makes a release: chooses package versions and a number, freezes process and variables, then fixes its images. The
 * choosing and the fixing may ask feeds and happen before and after; the freezing is one transaction.
 */
import { Invalid } from '@argonaut/contracts';
import { type TemplatePackage, timestamp } from '@argonaut/contracts/rest';
import type { Stored } from '../database/index.ts';
import { documentEvent, recordEvent } from '../events/index.ts';
import type { Principal } from '../http/index.ts';
import { choosePackages, type Wishes } from '../processes/packages/choose.ts';
import { feedFacts } from '../processes/packages/newest.ts';
import { deploymentProcessId, freezeProcess } from '../processes/queries.ts';
import type { Channel } from '../projects/channels/queries.ts';
import type { Project } from '../projects/queries.ts';
import type { Services } from '../services.ts';
import { snapshotProjectVariables } from '../variables/snapshots.ts';
import { enterFirstPhases } from './automatic.ts';
import { breaches, ruleFor } from './channel-rules.ts';
import { lockReleaseImages, warmForRelease } from './images.ts';
import { type Release, releasesIn } from './queries.ts';
import { draftRelease, versionFor } from './template.ts';

export interface NewRelease {
  readonly project: Stored<Project>;
  readonly channel: Stored<Channel>;
  /** Empty: the next number. */
  readonly version: string;
  readonly notes: string;
  readonly packages: Wishes;
  /** Prefers packages with this pre-release tag. */
  readonly prereleaseTag?: string | undefined;
  readonly ignoreChannelRules: boolean;
  readonly ignoreIfExists: boolean;
  readonly customFields: Readonly<Record<string, string>>;
  readonly gitResources: readonly unknown[];
  /** Fields that the server does not know; kept as they came. */
  readonly extra: object;
  readonly by: Principal;
}

/** @throws Invalid with every complaint: packages without a version, a version that is taken, a disabled project. */
export async function createRelease(services: Services, wanted: NewRelease): Promise<Stored<Release>> {
  const { database, now } = services;
  const { project, channel } = wanted;
  const space = project.spaceId;
  if (project.document.IsDisabled) {
    throw new Invalid(
      `The project "${project.document.Name}" is disabled. Enable it in its settings to create releases.`,
    );
  }
  if (wanted.ignoreChannelRules && project.document.AllowIgnoreChannelRules === false) {
    throw new Invalid(
      `The project "${project.document.Name}" does not allow the rules of its channels to be ignored. Choose versions that fit them, or another channel.`,
    );
  }
  const draft = await draftRelease(services, project, channel);
  if (wanted.version !== '' && wanted.ignoreIfExists) {
    const existing = await releasesIn(database).resolve(wanted.version, space, project.id);
    if (existing) return existing;
  }
  const selected = await choosePackages(draft.packages, wanted.packages, (needed) =>
    newestFor(services, wanted, needed),
  );
  const broken = wanted.ignoreChannelRules ? [] : breaches(channel.document, draft.packages, selected);
  if (broken.length > 0) throw new Invalid(broken.join(' '), { errors: broken });
  const version = wanted.version || (await versionFor(services, draft, selected));

  let existed = false;
  const release = await database.transaction(async () => {
    const releases = releasesIn(database);
    const existing = (await releases.all({ space, parent: project.id, name: version }))[0];
    if (existing && wanted.ignoreIfExists) {
      existed = true;
      return existing;
    }
    if (existing) {
      throw new Invalid(
        `The project "${project.document.Name}" already has a release ${version}. Choose another version, or ask to ignore it if it exists.`,
      );
    }
    const process = await freezeProcess(database, space, deploymentProcessId(project.id));
    const variables = await snapshotProjectVariables(services, project);
    const made = await releases.insert({
      space,
      document: {
        ...wanted.extra,
        Version: version,
        ChannelId: channel.id,
        ProjectId: project.id,
        ReleaseNotes: wanted.notes,
        IgnoreChannelRules: wanted.ignoreChannelRules,
        SelectedPackages: selected,
        SelectedGitResources: [...wanted.gitResources],
        CustomFields: { ...wanted.customFields },
        BuildInformation: [],
        Assembled: timestamp(now()),
        ProjectDeploymentProcessSnapshotId: process.id,
        ...variables,
      },
    });
    const event = documentEvent('Created', releases.kind, made);
    await recordEvent(services, { ...event, space, by: wanted.by });
    await enterFirstPhases(services, made);
    return made;
  });
  if (!existed) {
    await lockReleaseImages(services, release);
    if (project.document.PullImagesOnRelease === true) await warmForRelease(services, release);
  }
  return release;
}

/** By the channel's rule for this package, unless the rules are to be ignored. */
function newestFor(
  services: Services,
  wanted: NewRelease,
  needed: TemplatePackage,
): Promise<string | undefined> {
  const rule = wanted.ignoreChannelRules ? undefined : ruleFor(wanted.channel.document, needed);
  return feedFacts(services).newestVersion({
    space: wanted.project.spaceId,
    feedId: needed.FeedId,
    packageId: needed.PackageId,
    versionRange: rule?.VersionRange || undefined,
    preReleaseTag: wanted.prereleaseTag || rule?.Tag || undefined,
  });
}

/** Takes the project's variables as they are now; the process stays. What they newly name is fixed by `lockReleaseImages`. */
export async function refreshVariables(
  services: Services,
  stored: Stored<Release>,
  project: Stored<Project>,
): Promise<Stored<Release>> {
  const variables = await snapshotProjectVariables(services, project);
  return releasesIn(services.database).update(stored, { ...stored.document, ...variables });
}

/**
 * "Update variables": a deliberate act. Images that are fixed stay what they are; those that only the new variables name
 * are fixed as when the release was made, so call it outside of a transaction.
 */
export async function updateVariables(
  services: Services,
  stored: Stored<Release>,
  { project, by }: { readonly project: Stored<Project>; readonly by: Principal },
): Promise<Stored<Release>> {
  const { database } = services;
  const updated = await database.transaction(async () => {
    const changed = await refreshVariables(services, stored, project);
    const { message, ...event } = documentEvent('Modified', releasesIn(database).kind, changed);
    const what = `${message}: variables taken anew`;
    await recordEvent(services, { ...event, message: what, space: stored.spaceId, by });
    return changed;
  });
  await lockReleaseImages(services, updated);
  return updated;
}
