/** Project groups: the folders in which projects are shown. */
import { type Static, Type } from 'typebox';
import { Name, Nullable, Optional, Reference, References, Resource, Text, Writable } from './basics.ts';

const written = {
  Name,
  Slug: Optional(Type.String({ default: '' })),
  Description: Optional(Text),
  EnvironmentIds: Optional(References),
  RetentionPolicyId: Optional(Nullable(Reference)),
};

export const WritableProjectGroup = Writable('WritableProjectGroup', written);
export type WritableProjectGroup = Static<typeof WritableProjectGroup>;

export const ProjectGroupResource = Resource('ProjectGroup', written, { SpaceId: Type.String() });
