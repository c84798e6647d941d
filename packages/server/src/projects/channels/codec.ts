/** Channels on the wire. */
import { type Stored, slugOf } from '../../database/index.ts';
import { resourceOf } from '../../http/index.ts';
import type { Channel } from './queries.ts';

export function present(stored: Stored<Channel>) {
  const space = `/api/${stored.spaceId}`;
  const self = `${space}/channels/${stored.id}`;
  const visible = { ...stored.document, Slug: slugOf(stored.document.Name), Type: 'Lifecycle' };
  return resourceOf({ ...stored, document: visible }, self, {
    Project: `${space}/projects/${stored.document.ProjectId}`,
    Releases: `${self}/releases{?skip,take,searchByVersion}`,
  });
}
