/** A release as a deployment runs it. */
import type { ProcessSnapshot } from '@argonaut/orchestrator';
import type { Stored } from '../database/index.ts';
import { type SealedProperties, sealedProperties } from '../processes/own-properties.ts';
import { processesIn } from '../processes/queries.ts';
import { toProcessSnapshot } from '../processes/typed.ts';
import { type Channel, channelsIn } from '../projects/channels/queries.ts';
import { type Project, projectsIn } from '../projects/queries.ts';
import type { Services } from '../services.ts';
import type { SystemContext } from '../variables/index.ts';
import { type Release, releasesIn } from './queries.ts';

/** What a run of any process needs of its definition. */
export interface LoadedProcess {
  readonly project: Stored<Project>;
  /** The frozen process, with the package versions that were chosen. */
  readonly process: ProcessSnapshot;
  /** What of it is secret. */
  readonly sealedProperties: SealedProperties;
  /** The id of the frozen process. */
  readonly processId: string;
  /** Frozen variable sets: the project's first, then the library's, in the order in which they are included. */
  readonly variableSnapshotIds: readonly string[];
}

export interface LoadedRelease extends LoadedProcess {
  readonly release: Stored<Release>;
  readonly channel: Stored<Channel>;
}

/** `space` absent: the release's own, whatever it is. @throws NotFound */
export async function loadRelease(
  { database }: Pick<Services, 'database'>,
  releaseId: string,
  space?: string,
): Promise<LoadedRelease> {
  const release = await releasesIn(database).get(releaseId, space);
  const { document, spaceId } = release;
  const frozen = await processesIn(database).get(document.ProjectDeploymentProcessSnapshotId, spaceId);
  return {
    release,
    project: await projectsIn(database).get(document.ProjectId, spaceId),
    channel: await channelsIn(database).get(document.ChannelId, spaceId),
    process: toProcessSnapshot(frozen.document.Steps, document.SelectedPackages),
    sealedProperties: sealedProperties(frozen),
    processId: frozen.id,
    variableSnapshotIds: [document.ProjectVariableSetSnapshotId, ...document.LibraryVariableSetSnapshotIds],
  };
}

/** What system variables know of a release, wherever it goes. */
export function releaseContext({ release: { id, document }, channel }: LoadedRelease): Pick<
  SystemContext,
  'channel'
> & {
  readonly release: NonNullable<SystemContext['release']>;
} {
  return {
    channel: { id: channel.id, name: channel.document.Name },
    release: {
      id,
      number: document.Version,
      notes: document.ReleaseNotes ?? '',
      created: document.Assembled,
      customFields: document.CustomFields ?? {},
    },
  };
}
