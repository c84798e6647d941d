/** How channels are stored and found. Names are unique within a project. */
import { NotFound } from '@argonaut/contracts';
import type { WritableChannel } from '@argonaut/contracts/rest';
import { Collection, type Database, type Kind, type Stored } from '../../database/index.ts';

export type Channel = WritableChannel;

/** The channel that every project starts with. */
export const DEFAULT_CHANNEL = 'Default';

const channel: Kind<Channel> = {
  name: 'Channels',
  title: 'channel',
  nameOf: (document) => document.Name,
  parentOf: (document) => document.ProjectId,
  // The default one first: a client that takes the first one means it.
  sortOf: (document) => (document.IsDefault ? 0 : 1),
  index: (document) => ({ Lifecycle: document.LifecycleId }),
};

export function channelsIn(database: Database): Collection<Channel> {
  return new Collection(database, channel);
}

/** By id or name within a project; without a key the default channel. @throws NotFound */
export async function channelNamed(
  database: Database,
  space: string,
  projectId: string,
  key: string | undefined,
): Promise<Stored<Channel>> {
  const channels = channelsIn(database);
  if (key) {
    const named = await channels.resolve(key, space, projectId);
    if (named) return named;
  }
  const all = await channels.all({ space, parent: projectId });
  const [first] = all;
  if (!key && first) return first;
  const names = all.map((known) => `"${known.document.Name}"`).join(', ');
  throw new NotFound(
    key
      ? `The project has no channel "${key}". It has ${names || 'none'}.`
      : `The project ${projectId} has no channel. Create one first.`,
  );
}
