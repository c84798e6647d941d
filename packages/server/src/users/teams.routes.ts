/** `/api/teams`: groups of users. Two always exist: everyone, and the administrators. */
import { Invalid } from '@argonaut/contracts';
import { TeamResource, WritableTeam } from '@argonaut/contracts/rest';
import { addResource, fieldsOf, type RouteTable } from '../http/index.ts';
import type { Services } from '../services.ts';
import { presentTeam } from './codec.ts';
import { ADMINISTRATORS, EVERYONE, teamsIn } from './queries.ts';

export function teamRoutes(routes: RouteTable, { database }: Services): void {
  addResource(routes, {
    path: '/teams',
    scope: 'server',
    itemType: 'Team',
    collection: teamsIn(database),
    writable: WritableTeam,
    resource: TeamResource,
    permissions: { view: 'TeamView', create: 'TeamCreate', edit: 'TeamEdit', delete: 'TeamDelete' },
    accept: (body, _occasion, stored) => {
      if (stored?.id === ADMINISTRATORS && !body.MemberUserIds?.length) {
        throw new Invalid(
          'The administrators need at least one member; otherwise nobody could manage this server.',
        );
      }
      return fieldsOf(body);
    },
    present: presentTeam,
    beforeDelete: async (stored) => {
      if (stored.id === ADMINISTRATORS || stored.id === EVERYONE) {
        throw new Invalid(
          `The team "${stored.document.Name}" is part of every server and cannot be deleted.`,
        );
      }
    },
  });
}
