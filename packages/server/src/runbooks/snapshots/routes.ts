/** `/runbookSnapshots`, by themselves and below a project or a runbook; what a new one would need. */
import { NotFound } from '@argonaut/contracts';
import {
  Optional,
  PageOf,
  PageQuery,
  RunbookSnapshotResource,
  RunbookSnapshotTemplate,
  WritableRunbookSnapshot,
} from '@argonaut/contracts/rest';
import { Type } from 'typebox';
import type { Query, Stored } from '../../database/index.ts';
import { created, empty, fieldsOf, page, type RouteTable } from '../../http/index.ts';
import { runbookProcessId } from '../../processes/queries.ts';
import { projectOf, projectsIn } from '../../projects/queries.ts';
import { removeDependants } from '../../removal.ts';
import type { Services } from '../../services.ts';
import { presentSnapshot } from '../codec.ts';
import { runbookNamed, runbooksIn } from '../queries.ts';
import { createRunbookSnapshot, nextSnapshotName, runbookPackages } from './create.ts';
import { type RunbookSnapshot, runbookSnapshotsIn } from './queries.ts';
import { refreshSnapshot } from './refresh.ts';

const SnapshotQuery = Type.Object({ ...PageQuery.properties, searchByName: Optional(Type.String()) });
const PublishQuery = Type.Object({ publish: Optional(Type.String()) });

export function snapshotRoutes(routes: RouteTable, services: Services): void {
  const { database } = services;
  const snapshots = runbookSnapshotsIn(database);
  type Asked = { readonly searchByName?: string | undefined } & Type.Static<typeof PageQuery>;
  const list = async (query: Asked, filter: Query) =>
    snapshots.list({ ...query, partialName: query.searchByName ?? query.partialName, ...filter });

  /** By id or by name, within the project where the path names one. */
  const find = async (key: string, space: string, projectId?: string): Promise<Stored<RunbookSnapshot>> => {
    const where = { Project: projectId };
    const byId = await snapshots.find(key, space);
    if (byId && (projectId === undefined || byId.document.ProjectId === projectId)) return byId;
    const [named] = await snapshots.all({ space, name: key, where, take: 1 });
    if (named) return named;
    throw new NotFound(`The runbook snapshot "${key}" was not found.`);
  };
  const create = async (body: WritableRunbookSnapshot, publish: string | undefined, space: string) => {
    const runbook = await runbooksIn(database).get(body.RunbookId, space);
    const project = await projectsIn(database).get(runbook.document.ProjectId, space);
    const { Name, Notes, SelectedPackages, ProjectId: _, ...extra } = fieldsOf(body);
    return createRunbookSnapshot(services, {
      project,
      runbook,
      name: Name ?? '',
      notes: Notes ?? '',
      packages: { selected: SelectedPackages },
      publish: publish?.toLowerCase() === 'true',
      extra,
    });
  };

  for (const path of ['/runbookSnapshots', '/projects/:project/runbookSnapshots'] as const) {
    const projectIn = async (params: { readonly project?: string }, space: string) =>
      params.project === undefined ? undefined : (await projectOf(database, space, params.project)).id;
    routes.add({
      method: 'GET',
      path,
      scope: 'space',
      permission: 'RunbookView',
      summary: 'Lists runbook snapshots, newest first',
      query: SnapshotQuery,
      response: PageOf(RunbookSnapshotResource),
      handle: async ({ params, request, query, space }) => {
        const project = await projectIn(params, space);
        const { items, total } = await list(query, { space, where: { Project: project } });
        return page(request, query, 'RunbookSnapshot', { items: items.map(presentSnapshot), total });
      },
    });
    routes.add({
      method: 'POST',
      path,
      scope: 'space',
      permission: 'RunbookEdit',
      summary: 'Makes a snapshot of a runbook, and publishes it when asked to',
      query: PublishQuery,
      body: WritableRunbookSnapshot,
      response: RunbookSnapshotResource,
      transaction: false,
      idempotent: true,
      handle: async ({ body, query, space }) =>
        created(presentSnapshot(await create(body, query.publish, space))),
    });
    routes.add({
      method: 'GET',
      path: `${path}/:id`,
      scope: 'space',
      permission: 'RunbookView',
      summary: 'One runbook snapshot, by id or name',
      response: RunbookSnapshotResource,
      handle: async ({ params, space }) =>
        presentSnapshot(await find(params.id, space, await projectIn(params, space))),
    });
    routes.add({
      method: 'PUT',
      path: `${path}/:id`,
      scope: 'space',
      permission: 'RunbookEdit',
      summary: 'Changes the name and the notes of a snapshot; what it froze stays',
      body: WritableRunbookSnapshot,
      response: RunbookSnapshotResource,
      handle: async ({ params, body, space }) => {
        const stored = await find(params.id, space, await projectIn(params, space));
        const document = {
          ...stored.document,
          Name: body.Name || stored.document.Name,
          Notes: body.Notes ?? '',
        };
        return presentSnapshot(await snapshots.update(stored, document));
      },
    });
    routes.add({
      method: 'DELETE',
      path: `${path}/:id`,
      scope: 'space',
      permission: 'RunbookEdit',
      summary: 'Deletes a snapshot with its runs',
      handle: async ({ params, space }) => {
        const stored = await find(params.id, space, await projectIn(params, space));
        await removeDependants(services, 'RunbookSnapshots', stored);
        const runbook = await runbooksIn(database).find(stored.document.RunbookId, space);
        if (runbook?.document.PublishedRunbookSnapshotId === stored.id) {
          await runbooksIn(database).update(runbook, {
            ...runbook.document,
            PublishedRunbookSnapshotId: null,
          });
        }
        await snapshots.remove(stored.id);
        return empty();
      },
    });
  }
  routes.add({
    method: 'POST',
    path: '/runbookSnapshots/:id/snapshot-variables',
    scope: 'space',
    permission: 'RunbookEdit',
    summary: 'Takes the variables as they are now into a snapshot',
    response: RunbookSnapshotResource,
    // Asks registries.
    transaction: false,
    // Told where it is done, in the transaction that does it.
    audited: false,
    handle: async ({ params, space, user }) =>
      presentSnapshot(await refreshSnapshot(services, await find(params.id, space), user)),
  });

  const inRunbook = '/projects/:project/runbooks/:id';
  routes.add({
    method: 'GET',
    path: `${inRunbook}/runbookSnapshots`,
    scope: 'space',
    permission: 'RunbookView',
    summary: 'The snapshots of a runbook, newest first',
    query: SnapshotQuery,
    response: PageOf(RunbookSnapshotResource),
    handle: async ({ params, request, query, space }) => {
      const project = await projectOf(database, space, params.project);
      const runbook = await runbookNamed(database, project, params.id);
      const { items, total } = await list(query, { space, parent: runbook.id });
      return page(request, query, 'RunbookSnapshot', { items: items.map(presentSnapshot), total });
    },
  });
  routes.add({
    method: 'GET',
    path: `${inRunbook}/runbookSnapshotTemplate`,
    scope: 'space',
    permission: 'RunbookView',
    summary: 'What a new snapshot of a runbook would be called, and the packages that it needs',
    response: RunbookSnapshotTemplate,
    handle: async ({ params, space }) => {
      const project = await projectOf(database, space, params.project);
      const runbook = await runbookNamed(database, project, params.id);
      return {
        NextNameIncrement: nextSnapshotName(),
        RunbookId: runbook.id,
        RunbookProcessId: runbookProcessId(runbook.id),
        Packages: await runbookPackages(services, runbook),
        GitResources: [],
      };
    },
  });
}
