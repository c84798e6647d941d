/** `/deploymentprocesses`, `/runbookProcesses`, and the same below a project. */
import { NotFound } from '@argonaut/contracts';
import { PageOf, PageQuery, ProcessResource, WritableProcess } from '@argonaut/contracts/rest';
import type { Stored } from '../database/index.ts';
import { documentEvent } from '../events/index.ts';
import { type Call, page, type RouteTable } from '../http/index.ts';
import { projectOf } from '../projects/queries.ts';
import type { Services } from '../services.ts';
import { acceptProcess } from './accept.ts';
import { present } from './codec.ts';
import { deploymentProcessId, type Process, processesIn } from './queries.ts';
import { processWarnings } from './warnings.ts';

export function processRoutes(routes: RouteTable, services: Services): void {
  const { database, keys } = services;
  const processes = processesIn(database);
  const find = async (id: string, space: string, project?: string): Promise<Stored<Process>> => {
    const stored = await processes.get(id, space);
    if (project === undefined || stored.document.ProjectId === project) return stored;
    throw new NotFound(`The process "${id}" does not belong to the project ${project}.`);
  };
  const change = async (
    stored: Stored<Process>,
    { body, record }: Pick<Call<'space', string, unknown, WritableProcess>, 'body' | 'record'>,
  ) => {
    const changed = await processes.update(stored, acceptProcess(keys, body, stored));
    await record(documentEvent('Modified', processes.kind, changed));
    const Warnings = processWarnings(body);
    return { ...present(changed), ...(Warnings.length === 0 ? {} : { Warnings }) };
  };

  const kinds = [
    { path: '/deploymentprocesses', view: 'ProcessView', edit: 'ProcessEdit', word: 'deployment process' },
    { path: '/runbookProcesses', view: 'RunbookView', edit: 'RunbookEdit', word: 'runbook process' },
  ] as const;
  for (const { path, view, edit, word } of kinds) {
    routes.add({
      method: 'GET',
      path,
      scope: 'space',
      permission: view,
      summary: `Lists every ${word}, frozen copies included`,
      query: PageQuery,
      response: PageOf(ProcessResource),
      handle: async ({ request, query, space }) => {
        const all = await processes.all({ space, ids: query.ids });
        const isRunbook = path === '/runbookProcesses';
        const own = all.filter(({ document }) => (document.RunbookId !== undefined) === isRunbook);
        const items = own.slice(query.skip, query.skip + query.take).map(present);
        return page(request, query, isRunbook ? 'RunbookProcess' : 'DeploymentProcess', {
          items,
          total: own.length,
        });
      },
    });
    routes.add({
      method: 'GET',
      path: `${path}/:id`,
      scope: 'space',
      permission: view,
      summary: `One ${word}; a frozen copy by its own id`,
      response: ProcessResource,
      handle: async ({ params, space }) => present(await find(params.id, space)),
    });
    routes.add({
      method: 'PUT',
      path: `${path}/:id`,
      scope: 'space',
      permission: edit,
      summary: `Saves a whole ${word}`,
      body: WritableProcess,
      response: ProcessResource,
      handle: async (call) => change(await find(call.params.id, call.space), call),
    });
  }

  routes.add({
    method: 'GET',
    path: '/projects/:project/deploymentprocesses',
    scope: 'space',
    permission: 'ProcessView',
    summary: 'The deployment process of a project',
    response: ProcessResource,
    handle: async ({ params, space }) => {
      const project = await projectOf(database, space, params.project);
      return present(await find(deploymentProcessId(project.id), space));
    },
  });
  routes.add({
    method: 'PUT',
    path: '/projects/:project/deploymentprocesses',
    scope: 'space',
    permission: 'ProcessEdit',
    summary: 'Saves the deployment process of a project',
    body: WritableProcess,
    response: ProcessResource,
    handle: async (call) => {
      const project = await projectOf(database, call.space, call.params.project);
      return change(await find(deploymentProcessId(project.id), call.space), call);
    },
  });
  routes.add({
    method: 'GET',
    path: '/projects/:project/runbookProcesses/:id',
    scope: 'space',
    permission: 'RunbookView',
    summary: 'The process of one of its runbooks',
    response: ProcessResource,
    handle: async ({ params, space }) => {
      const project = await projectOf(database, space, params.project);
      return present(await find(params.id, space, project.id));
    },
  });
  routes.add({
    method: 'PUT',
    path: '/projects/:project/runbookProcesses/:id',
    scope: 'space',
    permission: 'RunbookEdit',
    summary: 'Saves the process of one of its runbooks',
    body: WritableProcess,
    response: ProcessResource,
    handle: async (call) => {
      const project = await projectOf(database, call.space, call.params.project);
      return change(await find(call.params.id, call.space, project.id), call);
    },
  });
}
