/** Spaces: separate worlds on one server, each with its own projects, environments and people. */
import { type Static, Type } from 'typebox';
import { Name, Nullable, Optional, References, Resource, Text, Writable } from './basics.ts';

const written = {
  Name,
  Slug: Optional(Type.String({ default: '' })),
  Description: Optional(Text),
  IsDefault: Optional(Type.Boolean({ default: false })),
  /** No new task of the space starts while this is set. A space must be stopped before it can be deleted. */
  TaskQueueStopped: Optional(Type.Boolean({ default: false })),
  SpaceManagersTeams: Optional(References),
  /** Ids of users. */
  SpaceManagersTeamMembers: Optional(References),
  IsPrivate: Optional(Type.Boolean({ default: false })),
  Icon: Optional(Nullable(Type.Unknown())),
};

export const WritableSpace = Writable('WritableSpace', written);
export type WritableSpace = Static<typeof WritableSpace>;

export const SpaceResource = Resource('Space', written, {});
