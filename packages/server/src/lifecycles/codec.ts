/** Lifecycles on the wire. */
import type { Stored } from '../database/index.ts';
import { resourceOf } from '../http/index.ts';
import type { Lifecycle } from './queries.ts';

export function present(stored: Stored<Lifecycle>) {
  const self = `/api/${stored.spaceId}/lifecycles/${stored.id}`;
  return resourceOf(stored, self, { Preview: `${self}/preview`, Projects: `${self}/projects` });
}
