/** Users, their API keys and teams. */
import { type Static, Type } from 'typebox';
import {
  Name,
  Nullable,
  Optional,
  References,
  Resource,
  SensitiveValue,
  Timestamp,
  Writable,
} from './basics.ts';

const written = {
  Username: Name,
  DisplayName: Optional(Type.String({ default: '' })),
  EmailAddress: Optional(Nullable(Type.String())),
  IsActive: Optional(Type.Boolean({ default: true })),
  /** A service account has keys but no password. */
  IsService: Optional(Type.Boolean({ default: false })),
};

export const WritableUser = Writable('WritableUser', {
  ...written,
  Password: Optional(Nullable(Type.String({ minLength: 8 }))),
});
export type WritableUser = Static<typeof WritableUser>;

export const LoginRequest = Writable('LoginRequest', {
  Username: Type.String({ minLength: 1, maxLength: 200 }),
  Password: Type.String({ minLength: 1, maxLength: 1000 }),
  /** The session outlives the browser. */
  RememberMe: Optional(Type.Boolean({ default: false })),
});
export type LoginRequest = Static<typeof LoginRequest>;

export const UserResource = Resource('User', written, {
  CanPasswordBeEdited: Type.Boolean(),
  /** Whether it is the caller. */
  IsRequestor: Type.Boolean(),
  Identities: Type.Array(Type.Unknown()),
  Created: Timestamp,
});

export const NewApiKey = Writable('NewApiKey', {
  Purpose: Name,
  /** Absent means 180 days. */
  Expires: Optional(Nullable(Type.String())),
});
export type NewApiKey = Static<typeof NewApiKey>;

export const ApiKeyResource = Resource(
  'ApiKey',
  { Purpose: Name },
  {
    UserId: Type.String(),
    /** The key itself, once, in the answer that creates it; later only that there is one. */
    ApiKey: Type.Union([Type.String(), SensitiveValue]),
    Created: Timestamp,
    Expires: Nullable(Timestamp),
  },
);

const team = {
  Name,
  Description: Optional(Type.String({ default: '' })),
  MemberUserIds: Optional(References),
  /** Null: the team belongs to the whole server. */
  SpaceId: Optional(Nullable(Type.String())),
};

export const WritableTeam = Writable('WritableTeam', team);
export type WritableTeam = Static<typeof WritableTeam>;

export const TeamResource = Resource('Team', team, { CanBeDeleted: Type.Boolean() });
