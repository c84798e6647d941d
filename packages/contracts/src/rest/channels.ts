/** Channels: kinds of release of one project, each with a lifecycle and rules for package versions. */
import { type Static, Type } from 'typebox';
import { Name, NullableText, Optional, Reference, References, Resource, Text, Writable } from './basics.ts';
import { ActionPackage } from './projects.ts';

export const ChannelRule = Type.Object(
  {
    Id: Optional(Type.String({ default: '' })),
    /** NuGet's or Maven's notation: `[1.0,2.0)`. Empty: any. */
    VersionRange: Optional(NullableText),
    /** A regular expression over the pre-release tag. Empty: any. */
    Tag: Optional(NullableText),
    ActionPackages: Optional(Type.Array(ActionPackage, { default: [] })),
  },
  { title: 'ChannelRule' },
);
export type ChannelRule = Static<typeof ChannelRule>;

const written = {
  Name,
  Description: Optional(Text),
  ProjectId: Reference,
  /** Null: the project's. */
  LifecycleId: Optional(NullableText),
  IsDefault: Optional(Type.Boolean({ default: false })),
  Rules: Optional(Type.Array(ChannelRule, { default: [] })),
  GitReferenceRules: Optional(Type.Array(Type.Unknown(), { default: [] })),
  GitResourceRules: Optional(Type.Array(Type.Unknown(), { default: [] })),
  TenantTags: Optional(References),
  CustomFieldDefinitions: Optional(Type.Array(Type.Unknown(), { default: [] })),
};

export const WritableChannel = Writable('WritableChannel', written);
export type WritableChannel = Static<typeof WritableChannel>;

export const ChannelResource = Resource('Channel', written, {
  SpaceId: Type.String(),
  Slug: Type.String(),
  /** Clients choose how to read a channel by it. */
  Type: Type.Literal('Lifecycle'),
});
export type ChannelResource = Static<typeof ChannelResource>;
