/** `/api/users/{id}/apikeys`: made once, shown once, stored as a keyed hash. */
import { ArgonautError, Invalid } from '@argonaut/contracts';
import { ApiKeyResource, NewApiKey, PageOf, PageQuery, timestamp } from '@argonaut/contracts/rest';
import { created, empty, type Principal, page, type RouteTable } from '../http/index.ts';
import type { Services } from '../services.ts';
import { presentApiKey } from './codec.ts';
import { DEFAULT_LIFETIME_DAYS, newApiKey } from './keys.ts';
import { apiKeysIn, usersIn } from './queries.ts';

const DAY_IN_MILLISECONDS = 86_400_000;

export function apiKeyRoutes(routes: RouteTable, { database, keys, now }: Services): void {
  const apiKeys = apiKeysIn(database);
  const keyOf = async (userId: string, id: string) => {
    const stored = await apiKeys.get(id);
    return stored.document.UserId === userId ? stored : apiKeys.get(`${id} of ${userId}`);
  };

  routes.add({
    method: 'GET',
    path: '/users/:user/apikeys',
    scope: 'server',
    permission: 'SignedIn',
    summary: 'The API keys of a user, without the keys themselves',
    query: PageQuery,
    response: PageOf(ApiKeyResource),
    handle: async ({ params, query, request, user }) => {
      requireOwner(user, params.user);
      const { items, total } = await apiKeys.list({ ...query, parent: params.user });
      return page(request, query, 'ApiKey', { items: items.map((key) => presentApiKey(key)), total });
    },
  });

  routes.add({
    method: 'GET',
    path: '/users/:user/apikeys/:id',
    scope: 'server',
    permission: 'SignedIn',
    summary: 'One API key, without the key itself',
    response: ApiKeyResource,
    handle: async ({ params, user }) => {
      requireOwner(user, params.user);
      return presentApiKey(await keyOf(params.user, params.id));
    },
  });

  routes.add({
    method: 'POST',
    path: '/users/:user/apikeys',
    scope: 'server',
    permission: 'SignedIn',
    summary: 'Makes an API key; this answer is the only one that shows it',
    body: NewApiKey,
    response: ApiKeyResource,
    handle: async ({ params, body, user, record }) => {
      requireOwner(user, params.user);
      const owner = await usersIn(database).get(params.user);
      const key = newApiKey();
      const stored = await apiKeys.insert({
        document: {
          Purpose: body.Purpose,
          UserId: owner.id,
          Fingerprint: keys.fingerprint(key),
          Created: timestamp(now()),
          Expires: expiry(body.Expires, now()),
        },
      });
      await record({
        category: 'ApiKeyCreated',
        message: `API key "${body.Purpose}" (${stored.id}) was made for ${owner.document.Username}`,
        related: [stored.id, owner.id],
        mentions: [{ id: owner.id, text: owner.document.Username }],
      });
      return created(presentApiKey(stored, key.reveal()));
    },
  });

  routes.add({
    method: 'DELETE',
    path: '/users/:user/apikeys/:id',
    scope: 'server',
    permission: 'SignedIn',
    summary: 'Deletes an API key; requests with it are refused from now on',
    handle: async ({ params, user, record }) => {
      requireOwner(user, params.user);
      const { id, document } = await keyOf(params.user, params.id);
      await apiKeys.remove(id);
      await record({
        category: 'ApiKeyRevoked',
        message: `API key "${document.Purpose}" (${id}) of ${document.UserId} was deleted`,
        related: [id, document.UserId],
      });
      return empty();
    },
  });
}

function requireOwner(user: Principal, ownerId: string): void {
  if (user.id === ownerId || user.isAdministrator) return;
  throw new ArgonautError(
    'Forbidden',
    'The API keys of other users can only be seen and changed by administrators.',
  );
}

function expiry(wish: string | null | undefined, now: Date): string {
  if (!wish) return timestamp(new Date(now.getTime() + DEFAULT_LIFETIME_DAYS * DAY_IN_MILLISECONDS));
  const date = new Date(wish);
  if (Number.isNaN(date.getTime()))
    throw new Invalid('Expires must be a date such as 2030-01-31T12:00:00.000+00:00.');
  if (date <= now) throw new Invalid(`Expires (${wish}) lies in the past.`);
  return timestamp(date);
}
