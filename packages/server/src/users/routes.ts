/** `/api/users`, their spaces and permissions. */
import { Invalid, NotFound, Secret } from '@argonaut/contracts';
import { Optional, timestamp, UserResource, WritableUser } from '@argonaut/contracts/rest';
import { Type } from 'typebox';
import { documentEvent } from '../events/index.ts';
import { addResource, empty, fieldsOf, type RouteTable } from '../http/index.ts';
import { DEMANDABLE } from '../http/permissions.ts';
import type { Services } from '../services.ts';
import { spacesIn } from '../spaces/queries.ts';
import { presentSpace } from '../spaces/routes.ts';
import { presentTeam, presentUser } from './codec.ts';
import { hashPassword } from './passwords.ts';
import { ADMINISTRATORS, apiKeysIn, teamsIn, usersIn } from './queries.ts';
import { endSessionsOf } from './sessions.ts';

export function userRoutes(routes: RouteTable, { database, now }: Services): void {
  const users = usersIn(database);
  const teams = teamsIn(database);

  routes.add({
    method: 'GET',
    path: '/users/me',
    scope: 'server',
    permission: 'SignedIn',
    summary: 'The caller',
    response: UserResource,
    handle: async ({ user }) => presentUser(await users.get(user.id), user.id),
  });

  addResource(routes, {
    path: '/users',
    scope: 'server',
    itemType: 'User',
    collection: users,
    writable: WritableUser,
    resource: UserResource,
    permissions: { view: 'UserView', create: 'UserInvite', edit: 'UserEdit', delete: 'UserEdit' },
    filter: {
      query: Type.Object({ filter: Optional(Type.String()) }),
      toQuery: ({ filter }) => (filter === undefined ? {} : { partialName: filter }),
    },
    accept: async (body, { user }, stored) => {
      if (stored?.id === user.id && body.IsActive === false) {
        throw new Invalid('You cannot disable your own user. Another administrator can.');
      }
      const { Password, ...fields } = fieldsOf(body);
      if (stored && (Password || body.IsActive === false)) await endSessionsOf(database, stored.id);
      const hash = Password ? await hashPassword(new Secret(Password)) : stored?.document.PasswordHash;
      return {
        ...fields,
        Created: stored?.document.Created ?? timestamp(now()),
        ...(hash === undefined ? {} : { PasswordHash: hash }),
      };
    },
    present: (stored) => presentUser(stored),
    beforeDelete: async (stored, { user }) => {
      if (stored.id === user.id)
        throw new Invalid('You cannot delete your own user. Another administrator can.');
      for (const key of await apiKeysIn(database).all({ parent: stored.id }))
        await apiKeysIn(database).remove(key.id);
      await endSessionsOf(database, stored.id);
      for (const team of await teams.all({ where: { Member: stored.id } })) {
        const MemberUserIds = team.document.MemberUserIds?.filter((id) => id !== stored.id) ?? [];
        await teams.update(team, { ...team.document, MemberUserIds });
      }
    },
  });

  routes.add({
    method: 'GET',
    path: '/users/:id/spaces',
    scope: 'server',
    permission: 'SignedIn',
    summary: 'The spaces that a user may enter, as an array',
    handle: async ({ params, user }) => {
      if (params.id !== user.id && !user.isAdministrator)
        throw new NotFound(`The user "${params.id}" was not found.`);
      const isAdministrator = (await teams.get(ADMINISTRATORS)).document.MemberUserIds?.includes(params.id);
      const all = await spacesIn(database).all();
      const own =
        params.id === user.id
          ? user.managedSpaces
          : all
              .filter(({ document }) => document.SpaceManagersTeamMembers?.includes(params.id))
              .map(({ id }) => id);
      return all.filter(({ id }) => isAdministrator || own.includes(id)).map(presentSpace);
    },
  });

  routes.add({
    method: 'GET',
    path: '/users/:id/teams',
    scope: 'server',
    permission: 'SignedIn',
    summary: 'The teams of a user, as an array',
    handle: async ({ params }) => (await teams.all({ where: { Member: params.id } })).map(presentTeam),
  });

  routes.add({
    method: 'GET',
    path: '/permissions/all',
    scope: 'server',
    permission: 'SignedIn',
    summary: 'Every permission that a route can demand',
    handle: async () =>
      Object.fromEntries(DEMANDABLE.map((name) => [name, { Description: name, SupportedRestrictions: [] }])),
  });

  // The second is asked by those who show what could be configured; there are no roles here, so it is the same.
  for (const path of ['/users/:id/permissions', '/users/:id/permissions/configuration'] as const)
    routes.add({
      method: 'GET',
      path,
      scope: 'server',
      permission: 'SignedIn',
      summary: 'What the caller may do',
      handle: async ({ params, user }) => {
        if (params.id !== user.id && !user.isAdministrator)
          throw new NotFound(`The user "${params.id}" was not found.`);
        const within = user.isAdministrator ? [''] : user.managedSpaces;
        return {
          Id: `userpermissions-${params.id}`,
          SpacePermissions: Object.fromEntries(
            DEMANDABLE.map((name) => [name, within.map((SpaceId) => ({ SpaceId: SpaceId || null }))]),
          ),
          SystemPermissions: user.isAdministrator ? DEMANDABLE : [],
          Links: { Self: `/api/users/${params.id}/permissions` },
        };
      },
    });

  routes.add({
    method: 'POST',
    path: '/users/:id/revoke-sessions',
    scope: 'server',
    permission: 'SignedIn',
    summary: 'Ends every session of a user: all browsers must sign in again. API keys stay',
    handle: async ({ params, user, record }) => {
      if (params.id !== user.id && !user.isAdministrator)
        throw new NotFound(`The user "${params.id}" was not found.`);
      const stored = await users.get(params.id);
      await endSessionsOf(database, stored.id);
      await record(documentEvent('Modified', users.kind, stored));
      return empty();
    },
  });
}
