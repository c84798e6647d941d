/** Environments: where releases are deployed to, in the order of `SortOrder`. */
import { type Static, Type } from 'typebox';
import { Dictionary, Name, Optional, References, Resource, Text, Writable } from './basics.ts';

const written = {
  Name,
  Slug: Optional(Type.String({ default: '' })),
  Description: Optional(Text),
  SortOrder: Optional(Type.Integer()),
  UseGuidedFailure: Optional(Type.Boolean({ default: false })),
  AllowDynamicInfrastructure: Optional(Type.Boolean({ default: true })),
  EnvironmentTags: Optional(References),
  ExtensionSettings: Optional(Type.Array(Type.Unknown(), { default: [] })),
};

export const WritableEnvironment = Writable('WritableEnvironment', written);
export type WritableEnvironment = Static<typeof WritableEnvironment>;

export const EnvironmentResource = Resource('Environment', written, { SpaceId: Type.String() });
export type EnvironmentResource = Static<typeof EnvironmentResource>;

/** The newer list tells static environments from parent and ephemeral ones. */
export const EnvironmentV2Resource = Resource('EnvironmentV2', written, {
  SpaceId: Type.String(),
  Type: Type.Enum(['Static', 'Parent', 'Ephemeral']),
});

/** Variables that are for one environment only, by the project or library set that they belong to. */
export const EnvironmentVariables = Type.Object(
  {
    HasUnauthorizedProjectVariables: Type.Boolean(),
    HasUnauthorizedLibraryVariableSetVariables: Type.Boolean(),
    VariableMap: Dictionary(Type.Array(Type.Object({ Id: Type.String(), Name: Type.String() }))),
  },
  { title: 'EnvironmentVariables' },
);
