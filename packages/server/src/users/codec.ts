/** Users, API keys and teams on the wire. Hashes stay behind. */
import type { Stored } from '../database/index.ts';
import { resourceOf } from '../http/index.ts';
import { ADMINISTRATORS, type ApiKey, EVERYONE, type Team, type User } from './queries.ts';

export function presentUser(stored: Stored<User>, callerId?: string) {
  const { PasswordHash: _, ...fields } = stored.document;
  const self = `/api/users/${stored.id}`;
  return resourceOf(
    {
      ...stored,
      document: {
        ...fields,
        CanPasswordBeEdited: !fields.IsService,
        IsRequestor: stored.id === callerId,
        Identities: [],
      },
    },
    self,
    {
      Spaces: `${self}/spaces`,
      ApiKeys: `${self}/apikeys{/id}{?skip,take}`,
      Permissions: `${self}/permissions`,
      PermissionsConfiguration: `${self}/permissions/configuration`,
      Teams: `${self}/teams`,
      RevokeSessions: `${self}/revoke-sessions`,
    },
  );
}

/** `shown` is the key itself, in the one answer that may hold it. */
export function presentApiKey(stored: Stored<ApiKey>, shown?: string) {
  const { Fingerprint: _, ...fields } = stored.document;
  const document = { ...fields, ApiKey: shown ?? { HasValue: true, NewValue: null, Hint: null } };
  return resourceOf({ ...stored, document }, `/api/users/${fields.UserId}/apikeys/${stored.id}`);
}

export function presentTeam(stored: Stored<Team>) {
  const document = {
    ...stored.document,
    CanBeDeleted: stored.id !== ADMINISTRATORS && stored.id !== EVERYONE,
  };
  const self = `/api/teams/${stored.id}`;
  return resourceOf({ ...stored, document }, self, {
    ScopedUserRoles: `${self}/scopeduserroles{?skip,take,ids,partialName,spaces,includeSystem}`,
  });
}
