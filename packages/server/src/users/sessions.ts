/**
 * Sessions of people who signed in with a password: a random token in a cookie, stored as a keyed hash. A browser sends
 * cookies whatever page asks it to, so a request that changes something must also say what only our own pages can read:
 * the second cookie's value. Names of cookies and header: Octopus's, as its clients look for them.
 */
import { randomBytes } from 'node:crypto';
import { Secret } from '@argonaut/contracts';
import { Collection, type Database, type KeyRing, type Kind } from '../database/index.ts';

export interface Session {
  readonly UserId: string;
  readonly Fingerprint: string;
  readonly Created: string;
  readonly Expires: string;
}

const kind: Kind<Session> = {
  name: 'Sessions',
  title: 'session',
  nameOf: (session) => session.UserId,
  uniqueNames: false,
  parentOf: (session) => session.UserId,
  order: 'oldest',
  index: (session) => ({ Fingerprint: session.Fingerprint }),
};

export function sessionsIn(database: Database): Collection<Session> {
  return new Collection(database, kind);
}

/** How long one lasts, in milliseconds: a working day, or a month for who asked to be remembered. */
const LIFETIME_MS = 12 * 3_600_000;
const REMEMBERED_MS = 30 * 86_400_000;
const TOKEN_BYTES = 32;

/** In the caller's transaction. Takes the occasion to remove those of this user that are over. */
export async function beginSession(
  database: Database,
  keys: KeyRing,
  userId: string,
  isRemembered: boolean,
  now: Date,
): Promise<{ readonly token: Secret; readonly lifetimeMs: number }> {
  const sessions = sessionsIn(database);
  for (const { id, document } of await sessions.all({ parent: userId })) {
    if (new Date(document.Expires) <= now) await sessions.remove(id);
  }
  const token = new Secret(randomBytes(TOKEN_BYTES).toString('base64url'));
  const lifetimeMs = isRemembered ? REMEMBERED_MS : LIFETIME_MS;
  await sessions.insert({
    document: {
      UserId: userId,
      Fingerprint: keys.fingerprint(token),
      Created: now.toISOString(),
      Expires: new Date(now.getTime() + lifetimeMs).toISOString(),
    },
  });
  return { token, lifetimeMs };
}

/** In the caller's transaction: they are out everywhere, at once. */
export async function endSessionsOf(database: Database, userId: string): Promise<void> {
  const sessions = sessionsIn(database);
  for (const { id } of await sessions.all({ parent: userId })) await sessions.remove(id);
}

/** What a request of this session must carry when it changes something. Tells nothing about the token. */
export function csrfTokenOf(keys: KeyRing, token: Secret): string {
  return keys.fingerprint(new Secret(`csrf ${token.reveal()}`));
}
