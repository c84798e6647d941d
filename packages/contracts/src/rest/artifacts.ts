/** Artifacts: files that a task leaves behind. */
import { type Static, Type } from 'typebox';
import { Name, Optional, PageQuery, Reference, Resource, Text, Timestamp, Writable } from './basics.ts';

const written = {
  Filename: Name,
  ServerTaskId: Optional(Type.String({ default: '' })),
  Source: Optional(Text),
  LogCorrelationId: Optional(Text),
};

export const WritableArtifact = Writable('WritableArtifact', written);
export type WritableArtifact = Static<typeof WritableArtifact>;

export const ArtifactResource = Resource('Artifact', written, {
  SpaceId: Type.String(),
  Created: Timestamp,
  /** Bytes; 0 until there is content. */
  Size: Type.Integer(),
});

export const ArtifactQuery = Type.Object({
  ...PageQuery.properties,
  regarding: Optional(Reference),
  order: Optional(Type.String()),
});
