/** `/releases/{id}/defects`: report one, resolve it, list them. */
import { Invalid } from '@argonaut/contracts';
import { DefectResource, PageOf, PageQuery, WritableDefect } from '@argonaut/contracts/rest';
import type { Stored } from '../../database/index.ts';
import { created, page, type RouteTable, resourceOf } from '../../http/index.ts';
import type { Services } from '../../services.ts';
import { releasesIn } from '../queries.ts';
import { type Defect, defectsIn, openDefect } from './queries.ts';

export function defectRoutes(routes: RouteTable, { database }: Services): void {
  const releases = releasesIn(database);
  const defects = defectsIn(database);

  routes.add({
    method: 'GET',
    path: '/releases/:id/defects',
    scope: 'space',
    permission: 'ReleaseView',
    summary: 'What was found wrong with a release',
    query: PageQuery,
    response: PageOf(DefectResource),
    handle: async ({ params, request, query, space }) => {
      const release = await releases.get(params.id, space);
      const { items, total } = await defects.list({ ...query, space, parent: release.id });
      return page(request, query, 'Defect', { items: items.map(present), total });
    },
  });
  routes.add({
    method: 'POST',
    path: '/releases/:id/defects',
    scope: 'space',
    permission: 'DefectReport',
    summary: 'Prevents a release from going any further',
    body: WritableDefect,
    response: DefectResource,
    handle: async ({ params, body, space }) => {
      const release = await releases.get(params.id, space);
      if (await openDefect(database, release)) {
        throw new Invalid(
          `The release ${release.document.Version} is already prevented from progressing. Resolve that defect first.`,
        );
      }
      const document: Defect = {
        Description: body.Description,
        Status: 'Unresolved',
        ReleaseId: release.id,
      };
      return created(present(await defects.insert({ space, document })));
    },
  });
  routes.add({
    method: 'POST',
    path: '/releases/:id/defects/resolve',
    scope: 'space',
    permission: 'DefectResolve',
    summary: 'Lets a release go on',
    response: DefectResource,
    handle: async ({ params, space }) => {
      const release = await releases.get(params.id, space);
      const open = await openDefect(database, release);
      if (!open) {
        throw new Invalid(
          `The release ${release.document.Version} has no unresolved defect; it is not prevented from progressing.`,
        );
      }
      return present(await defects.update(open, { ...open.document, Status: 'Resolved' }));
    },
  });
}

function present(stored: Stored<Defect>) {
  const release = `/api/${stored.spaceId}/releases/${stored.document.ReleaseId}`;
  return resourceOf(stored, `${release}/defects`, { Release: release });
}
