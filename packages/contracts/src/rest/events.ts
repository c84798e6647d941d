/** Events: the audit trail. Read only. */
import { type Static, Type } from 'typebox';
import { Nullable, Optional, QueryList, Reference, References, Resource, Text, Timestamp } from './basics.ts';

export const EventResource = Resource(
  'Event',
  {
    Category: Type.String(),
    UserId: Nullable(Reference),
    Username: Type.String(),
    IsService: Type.Boolean(),
    IdentityEstablishedWith: Type.String({ description: 'The API key or session that was used.' }),
    UserAgent: Text,
    IpAddress: Text,
    Occurred: Timestamp,
    Message: Type.String(),
    MessageHtml: Type.String(),
    MessageReferences: Type.Array(
      Type.Object({
        ReferencedDocumentId: Type.String(),
        StartIndex: Type.Integer(),
        Length: Type.Integer(),
      }),
    ),
    RelatedDocumentIds: References,
    Details: Text,
    Comments: Nullable(Type.String()),
  },
  { SpaceId: Nullable(Reference) },
);

export const EventQuery = Type.Object({
  skip: Type.Integer({ minimum: 0, default: 0 }),
  take: Type.Integer({ minimum: 0, default: 30, description: '2147483647 means everything.' }),
  ids: QueryList,
  regarding: Optional(Type.Array(Type.String(), { description: 'About each of these documents.' })),
  regardingAny: Optional(Type.Array(Type.String(), { description: 'About any of these documents.' })),
  user: Optional(Reference),
  users: QueryList,
  projects: QueryList,
  projectGroups: QueryList,
  environments: QueryList,
  tenants: QueryList,
  eventCategories: QueryList,
  eventGroups: QueryList,
  documentTypes: Optional(Type.Array(Type.String(), { description: 'Such as `Environments`.' })),
  from: Optional(Type.String({ description: 'ISO 8601, included.' })),
  to: Optional(Type.String({ description: 'ISO 8601, included.' })),
  fromAutoId: Optional(Type.Integer({ description: 'The number in the id of the oldest event wanted.' })),
  toAutoId: Optional(Type.Integer({ description: 'The number in the id of the newest event wanted.' })),
  spaces: Optional(Type.Array(Type.String(), { description: 'Only where the URL names no space.' })),
});
export type EventQuery = Static<typeof EventQuery>;
