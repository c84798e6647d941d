/** How users, their API keys and teams are stored and found. */
import type { WritableTeam, WritableUser } from '@argonaut/contracts/rest';
import { Collection, type Database, type Kind } from '../database/index.ts';

export type User = Omit<WritableUser, 'Password'> & {
  /** Argon2id, never given out. */
  readonly PasswordHash?: string;
  readonly Created: string;
};

export interface ApiKey {
  readonly Purpose: string;
  readonly UserId: string;
  /** A keyed hash: the key itself is nowhere. */
  readonly Fingerprint: string;
  readonly Created: string;
  readonly Expires: string | null;
}

export type Team = WritableTeam;

/** Its members may do everything. */
export const ADMINISTRATORS = 'teams-administrators';
/** Everybody is in it, without being listed. */
export const EVERYONE = 'teams-everyone';

const user: Kind<User> = { name: 'Users', title: 'user', nameOf: (document) => document.Username };

const apiKey: Kind<ApiKey> = {
  name: 'APIKeys',
  title: 'API key',
  nameOf: (document) => document.Purpose,
  uniqueNames: false,
  parentOf: (document) => document.UserId,
  order: 'oldest',
  index: (document) => ({ Fingerprint: document.Fingerprint }),
};

const team: Kind<Team> = {
  name: 'Teams',
  title: 'team',
  nameOf: (document) => document.Name,
  parentOf: (document) => document.SpaceId ?? '',
  index: (document) => ({ Member: document.MemberUserIds }),
};

export function usersIn(database: Database): Collection<User> {
  return new Collection(database, user);
}

export function apiKeysIn(database: Database): Collection<ApiKey> {
  return new Collection(database, apiKey);
}

export function teamsIn(database: Database): Collection<Team> {
  return new Collection(database, team);
}
