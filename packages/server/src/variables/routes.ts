/** `/variables`: whole sets, their frozen copies, names, the preview, and the explanation. */
import {
  EvaluateQuery,
  Evaluation,
  Optional,
  QueryList,
  VariableSetResource,
  WritableVariableSet,
} from '@argonaut/contracts/rest';
import { Type } from 'typebox';
import type { Stored } from '../database/index.ts';
import { documentEvent } from '../events/index.ts';
import type { Call, RouteTable } from '../http/index.ts';
import { projectNamed, projectOf } from '../projects/queries.ts';
import type { Services } from '../services.ts';
import { poolsIn } from '../workers/pools/queries.ts';
import { acceptVariables } from './accept.ts';
import { accountsFor } from './accounts.ts';
import { present } from './codec.ts';
import { doubtsAbout } from './doubts.ts';
import { evaluateAs, previewOf } from './evaluation.ts';
import { type VariableSet, variableSetId, variableSetsIn } from './queries.ts';
import { scopeValuesFor } from './scope-values.ts';
import { variableSetsOf } from './snapshots.ts';
import { SYSTEM_NAMES } from './system.ts';
import { whereaboutsOf } from './whereabouts.ts';

export function variableRoutes(routes: RouteTable, services: Services): void {
  const { database, keys, now } = services;
  const sets = variableSetsIn(database);
  const show = async (stored: Stored<VariableSet>) =>
    present(stored, await scopeValuesFor(database, stored.spaceId, stored.document.OwnerId));
  const change = async (
    stored: Stored<VariableSet>,
    { body, record }: Pick<Call<'space', string, unknown, WritableVariableSet>, 'body' | 'record'>,
  ) => {
    const { document, warnings } = acceptVariables(keys, body, stored);
    const changed = await sets.update(stored, document);
    await record(documentEvent('Modified', sets.kind, changed));
    const shown = await show(changed);
    const { spaceId } = stored;
    const things = {
      accounts: await accountsFor(database, spaceId, document.Variables),
      pools: new Set((await poolsIn(database).all({ space: spaceId })).map(({ id }) => id)),
    };
    return { ...shown, Warnings: [...warnings, ...doubtsAbout(document, shown.ScopeValues, things)] };
  };

  routes.add({
    method: 'GET',
    path: '/variables/all',
    scope: 'space',
    permission: 'VariableView',
    summary: 'Variable sets and frozen copies of them, as an array',
    query: Type.Object({ ids: QueryList }),
    response: Type.Array(VariableSetResource),
    handle: async ({ query, space }) => {
      const all = await sets.all({ space, ids: query.ids });
      // Frozen copies are many and large: they come when they are asked for.
      const asked = query.ids?.length ? all : all.filter(({ document }) => document.FrozenFrom === undefined);
      return Promise.all(asked.map(show));
    },
  });
  routes.add({
    method: 'GET',
    path: '/variables/names',
    scope: 'space',
    permission: 'VariableView',
    summary: 'Names that a template can use: a project’s variables and the server’s own',
    query: Type.Object({
      project: Optional(Type.String()),
      runbook: Optional(Type.String()),
      projectEnvironmentsFilter: Optional(Type.String()),
    }),
    response: Type.Array(Type.String()),
    handle: async ({ query, space }) => {
      const names = new Map(SYSTEM_NAMES.map((name) => [name.toLowerCase(), name]));
      const project = query.project ? await projectNamed(database, space, query.project) : undefined;
      for (const id of project ? variableSetsOf(project) : []) {
        const set = await sets.find(id, space);
        for (const { Name } of set?.document.Variables ?? []) names.set(Name.toLowerCase(), Name);
      }
      return [...names.keys()].sort().map((key) => names.get(key));
    },
  });
  routes.add({
    method: 'GET',
    path: '/variables/preview',
    scope: 'space',
    permission: 'VariableView',
    summary: 'The variables that hold for an environment, a channel, a step, …',
    query: EvaluateQuery,
    response: VariableSetResource,
    handle: async ({ query, space }) => {
      const where = await whereaboutsOf(services, space, query);
      const [own] = where.sets;
      const owner = own?.document.OwnerId ?? '';
      return {
        Id: own?.id ?? '',
        OwnerId: owner,
        SpaceId: space,
        Version: own?.document.Version ?? 0,
        Variables: previewOf(where),
        ScopeValues: await scopeValuesFor(database, space, owner),
        Links: { Self: `/api/${space}/variables/preview` },
      };
    },
  });
  routes.add({
    method: 'GET',
    path: '/argonaut/variables/evaluate',
    scope: 'space',
    permission: 'VariableView',
    summary: 'What every variable comes to in a place, which definition wins, and why the others do not',
    query: EvaluateQuery,
    response: Evaluation,
    handle: async ({ query, space, signal }) =>
      evaluateAs(await whereaboutsOf(services, space, query), {
        now,
        clock: () => performance.now(),
        signal,
        name: query.name,
      }),
  });
  routes.add({
    method: 'GET',
    path: '/variables/:id',
    scope: 'space',
    permission: 'VariableView',
    summary: 'A variable set, or a frozen copy by its own id',
    response: VariableSetResource,
    handle: async ({ params, space }) => show(await sets.get(params.id, space)),
  });
  routes.add({
    method: 'PUT',
    path: '/variables/:id',
    scope: 'space',
    permission: 'VariableEdit',
    summary: 'Saves a whole variable set',
    body: WritableVariableSet,
    response: VariableSetResource,
    handle: async (call) => change(await sets.get(call.params.id, call.space), call),
  });
  const ofProject = async (space: string, key: string) =>
    sets.get(variableSetId((await projectOf(database, space, key)).id), space);
  routes.add({
    method: 'GET',
    path: '/projects/:project/variables',
    scope: 'space',
    permission: 'VariableView',
    summary: 'The variable set of a project',
    response: VariableSetResource,
    handle: async ({ params, space }) => show(await ofProject(space, params.project)),
  });
  routes.add({
    method: 'PUT',
    path: '/projects/:project/variables',
    scope: 'space',
    permission: 'VariableEdit',
    summary: 'Saves the variable set of a project',
    body: WritableVariableSet,
    response: VariableSetResource,
    handle: async (call) => change(await ofProject(call.space, call.params.project), call),
  });
}
