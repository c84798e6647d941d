/** What a new release of a project would be: its next version, and the packages that need one. */
import { Invalid } from '@argonaut/contracts';
import {
  DEFAULT_VERSION_TEMPLATE,
  type SelectedPackage,
  type TemplatePackage,
} from '@argonaut/contracts/rest';
import type { Stored } from '../database/index.ts';
import { packagesNeeded } from '../processes/packages/needed.ts';
import { feedFacts } from '../processes/packages/newest.ts';
import { deploymentProcessId, processesIn } from '../processes/queries.ts';
import { type Channel, channelsIn } from '../projects/channels/queries.ts';
import type { Project } from '../projects/queries.ts';
import type { Services } from '../services.ts';
import { type NumberingContext, nextVersion } from './numbering.ts';
import { plainVariables } from './plain-variables.ts';
import { newestReleases } from './queries.ts';

export interface Draft {
  readonly project: Stored<Project>;
  readonly channel: Stored<Channel>;
  readonly packages: readonly TemplatePackage[];
  readonly lastVersion: string | undefined;
}

export async function draftRelease(
  services: Services,
  project: Stored<Project>,
  channel: Stored<Channel>,
): Promise<Draft> {
  const { database } = services;
  const process = await processesIn(database).get(deploymentProcessId(project.id), project.spaceId);
  const [last] = await newestReleases(database, project.spaceId, project.id, channel.id);
  const names = await feedFacts(services).names(project.spaceId);
  return {
    project,
    channel,
    lastVersion: last?.document.Version,
    packages: packagesNeeded(process.document.Steps, {
      channelId: channel.id,
      last: last?.document.SelectedPackages,
      feedName: (id) => names.get(id) ?? id,
    }),
  };
}

/** The package whose version the release takes, if the project says so. */
export function donorOf(draft: Draft): TemplatePackage | undefined {
  const donor = draft.project.document.VersioningStrategy?.DonorPackage;
  const action = donor?.DeploymentAction?.toLowerCase();
  if (!action) return undefined;
  const reference = (donor?.PackageReference ?? '').toLowerCase();
  return draft.packages.find(
    (each) =>
      each.ActionName.toLowerCase() === action && each.PackageReferenceName.toLowerCase() === reference,
  );
}

/**
 * The version that the release gets when nobody names one.
 * @throws Invalid when the project's template cannot be worked out, or its donor package has no version.
 */
export async function versionFor(
  services: Services,
  draft: Draft,
  selected: readonly SelectedPackage[],
): Promise<string> {
  const strategy = draft.project.document.VersioningStrategy;
  if (strategy?.DonorPackage?.DeploymentAction) {
    const donor = donorOf(draft);
    const version = selected.find(
      (each) =>
        each.ActionName === donor?.ActionName && each.PackageReferenceName === donor.PackageReferenceName,
    )?.Version;
    if (version !== undefined) return version;
    throw new Invalid(
      `The project "${draft.project.document.Name}" takes its version from a package of the step "${strategy.DonorPackage.DeploymentAction}", which has none. Give a version, or change how the project counts.`,
    );
  }
  const context = await numberingContext(services, draft);
  const result = nextVersion(strategy?.Template || DEFAULT_VERSION_TEMPLATE, context);
  if ('version' in result) return result.version;
  throw new Invalid(`${result.problem} Give a version, or correct the project's template.`);
}

async function numberingContext(services: Services, draft: Draft): Promise<NumberingContext> {
  const { database, now } = services;
  const { project, channel } = draft;
  const space = project.spaceId;
  const all = await channelsIn(database).all({ space, parent: project.id });
  const versionsIn = async (channelId?: string) =>
    (await newestReleases(database, space, project.id, channelId)).map(({ document }) => document.Version);
  const channels: Record<string, readonly string[]> = {};
  for (const each of all) channels[each.document.Name] = await versionsIn(each.id);
  return {
    now: now(),
    versions: await versionsIn(),
    channel: { name: channel.document.Name, versions: channels[channel.document.Name] ?? [] },
    channels,
    variables: await plainVariables(services, project, channel.id),
  };
}
