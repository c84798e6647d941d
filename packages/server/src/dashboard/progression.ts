/** A project's releases by environments: where each was deployed, and where it may go next. */
import type { Database, Stored } from '../database/index.ts';
import { deploymentsIn } from '../deployments/queries.ts';
import { environmentsIn } from '../environments/queries.ts';
import { effectivePhases } from '../lifecycles/phases.ts';
import { environmentsOf, lifecyclesIn } from '../lifecycles/queries.ts';
import { present as presentChannel } from '../projects/channels/codec.ts';
import { type Channel, channelsIn } from '../projects/channels/queries.ts';
import type { Project } from '../projects/queries.ts';
import { present as presentRelease } from '../releases/codec.ts';
import { wayOf } from '../releases/lifecycle.ts';
import { nextEnvironments } from '../releases/progression.ts';
import { type Release, releasesIn } from '../releases/queries.ts';
import type { Services } from '../services.ts';
import { present } from './codec.ts';
import { completed, lastDeployments } from './latest.ts';

/** The newest releases that are shown; those that are deployed somewhere are shown besides, however old they are. */
const NEWEST = 30;

export async function progressionOf(services: Services, project: Stored<Project>) {
  const { database, now } = services;
  const space = project.spaceId;
  const current = await lastDeployments(database, { space, projects: [project.id], environments: [] });
  const releases = await shownReleases(
    database,
    project,
    current.map(({ release }) => release.id),
  );
  const channels = await channelsIn(database).all({ space, parent: project.id });
  const isCurrent = new Set(current.map(({ deployment }) => deployment.id));
  const byChannel = await environmentsByChannel(database, project, channels);
  const inSome = new Set(Object.values(byChannel).flatMap((all) => all.map(({ Id }) => Id)));
  const Releases = [];
  for (const release of releases) {
    const channel = channels.find(({ id }) => id === release.document.ChannelId);
    if (channel === undefined) continue;
    const { progress } = await wayOf(services, release);
    const Deployments: Record<string, ReturnType<typeof present>[]> = {};
    const all = await deploymentsIn(database).all({ space, where: { Release: release.id } });
    for (const deployed of await completed(database, all)) {
      const { EnvironmentId } = deployed.deployment.document;
      // Newest first: the first one is how it stands there.
      Deployments[EnvironmentId] ??= [
        present(deployed, now(), { IsCurrent: isCurrent.has(deployed.deployment.id), IsPrevious: false }),
      ];
    }
    Releases.push({
      Release: presentRelease(release),
      Channel: presentChannel(channel),
      Deployments,
      NextDeployments: nextEnvironments(progress),
      HasUnresolvedDefect: progress.defect !== undefined,
    });
  }
  const environments = await environmentsIn(database).all({ space });
  return {
    Environments: environments
      .filter(({ id }) => inSome.has(id))
      .map(({ id, document }) => ({ Id: id, Name: document.Name })),
    ChannelEnvironments: byChannel,
    Releases,
    Links: { Self: `/api/${space}/projects/${project.id}/progression` },
  };
}

/** Newest first. */
async function shownReleases(
  database: Database,
  { id, spaceId: space }: Stored<Project>,
  deployed: readonly string[],
): Promise<readonly Stored<Release>[]> {
  const releases = releasesIn(database);
  const newest = await releases.all({ space, parent: id, take: NEWEST });
  const missing = deployed.filter((each) => !newest.some((release) => release.id === each));
  return missing.length === 0 ? newest : [...newest, ...(await releases.all({ space, ids: missing }))];
}

/** In the order of the phases, by the id of the channel. */
async function environmentsByChannel(
  database: Database,
  project: Stored<Project>,
  channels: readonly Stored<Channel>[],
): Promise<Record<string, { Id: string; Name: string }[]>> {
  const space = project.spaceId;
  const environments = await environmentsIn(database).all({ space });
  const names = new Map(environments.map(({ id, document }) => [id, document.Name]));
  const found: Record<string, { Id: string; Name: string }[]> = {};
  for (const { id, document } of channels) {
    const lifecycleId = document.LifecycleId || project.document.LifecycleId;
    const lifecycle = await lifecyclesIn(database).get(lifecycleId, space);
    const ids = new Set((await effectivePhases(database, lifecycle)).flatMap(environmentsOf));
    found[id] = [...ids].flatMap((each) => {
      const Name = names.get(each);
      return Name === undefined ? [] : [{ Id: each, Name }];
    });
  }
  return found;
}
