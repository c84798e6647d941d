/**
 * Whose API key or session it is. Asked at every request, and every 30 s for a connection that stays open: a disabled
 * user or a deleted key is out with the next one, and loses an open terminal within that time.
 */
import type { Database, KeyRing } from '../database/index.ts';
import type { Credential } from '../http/authentication.ts';
import type { Principal } from '../http/index.ts';
import { spacesIn } from '../spaces/queries.ts';
import { ADMINISTRATORS, apiKeysIn, EVERYONE, teamsIn, usersIn } from './queries.ts';
import { sessionsIn } from './sessions.ts';

/** Undefined when it is unknown or expired, or its owner disabled. */
export async function principalFor(
  database: Database,
  keys: KeyRing,
  now: Date,
  credential: Credential,
): Promise<Principal | undefined> {
  const { kind, secret } = credential;
  const asked = { where: { Fingerprint: keys.fingerprint(secret) }, take: 1 };
  const [proof] = await (kind === 'key' ? apiKeysIn(database) : sessionsIn(database)).all(asked);
  if (!proof) return undefined;
  const { Expires, UserId } = proof.document;
  if (Expires !== null && new Date(Expires) <= now) return undefined;
  const user = await usersIn(database).find(UserId);
  if (!user || user.document.IsActive === false) return undefined;

  const teams = [
    EVERYONE,
    ...(await teamsIn(database).all({ where: { Member: user.id } })).map(({ id }) => id),
  ];
  const spaces = spacesIn(database);
  const managed = [
    ...(await spaces.all({ where: { ManagerUser: user.id } })),
    ...(await spaces.all({ where: { ManagerTeam: teams } })),
  ];
  return {
    id: user.id,
    username: user.document.Username,
    isAdministrator: teams.includes(ADMINISTRATORS),
    managedSpaces: [...new Set(managed.map(({ id }) => id))],
    credential: `${kind === 'key' ? 'API key' : 'Session'} ${proof.id}`,
  };
}
