/**
 * `/events`: the audit trail. Below a space only what happened there; `/api/events` everything, also what belongs to no
 * space (users, API keys, logins), for those who may see every space.
 */
import { Invalid } from '@argonaut/contracts';
import { EventQuery, EventResource, PageOf } from '@argonaut/contracts/rest';
import { Type } from 'typebox';
import { page, type RouteTable } from '../http/index.ts';
import type { Services } from '../services.ts';
import { CATEGORIES, categoriesOf, type EventCategory } from './categories.ts';
import { present } from './codec.ts';
import { type EventFilter, eventOf, findEvents, numbersOf } from './queries.ts';

const NAMES = Object.keys(CATEGORIES) as EventCategory[];

export function eventRoutes(routes: RouteTable, { database }: Services): void {
  routes.add({
    method: 'GET',
    path: '/events',
    scope: 'both',
    permission: 'EventView',
    summary: 'The audit trail, newest first',
    query: EventQuery,
    response: PageOf(EventResource),
    handle: async ({ request, query, space }) => {
      const { items, total } = await findEvents(database, filterOf(query, space), query);
      return page(request, query, 'Event', { items: items.map(present), total });
    },
  });
  routes.add({
    method: 'GET',
    path: '/events/:id',
    scope: 'both',
    permission: 'EventView',
    summary: 'One event',
    response: EventResource,
    handle: async ({ params, space }) =>
      present(await eventOf(database, params.id, space === undefined ? undefined : [space])),
  });
  routes.add({
    method: 'GET',
    path: '/events/categories',
    scope: 'both',
    permission: 'EventView',
    summary: 'What kinds of event there are',
    handle: async () => NAMES.map((Id) => ({ Id, Name: CATEGORIES[Id].name })),
  });
  routes.add({
    method: 'GET',
    path: '/events/groups',
    scope: 'both',
    permission: 'EventView',
    summary: 'The kinds of event in groups',
    handle: async () => {
      const groups = [...new Set(NAMES.map((name) => CATEGORIES[name].group))];
      return groups.map((Id) => ({ Id, Name: Id, EventCategories: categoriesOf([Id]) }));
    },
  });
  routes.add({
    method: 'GET',
    path: '/events/agents',
    scope: 'both',
    permission: 'EventView',
    summary: 'What events can come from: people through the API, and the server itself',
    handle: async () => [
      { Id: 'Api', Name: 'API' },
      { Id: 'Server', Name: 'Server' },
    ],
  });
  routes.add({
    method: 'GET',
    path: '/events/documenttypes',
    scope: 'both',
    permission: 'EventView',
    summary: 'The kinds of document that events are about',
    response: Type.Array(Type.Object({ Id: Type.String(), Name: Type.String() })),
    handle: async () => DOCUMENT_TYPES.map((Id) => ({ Id, Name: Id })),
  });
}

/** What people filter by; any other prefix of an id works as well. */
const DOCUMENT_TYPES = [
  'Accounts',
  'Channels',
  'Deployments',
  'Environments',
  'Feeds',
  'Interruptions',
  'LibraryVariableSets',
  'Lifecycles',
  'ProjectGroups',
  'Projects',
  'Releases',
  'RunbookRuns',
  'RunbookSnapshots',
  'Runbooks',
  'ServerTasks',
  'Spaces',
  'Teams',
  'Users',
  'WorkerPools',
  'Workers',
];

function filterOf(query: EventQuery, space: string | undefined): EventFilter {
  const asked = query.spaces ?? [];
  const named = [...(query.eventCategories ?? []), ...categoriesOf(query.eventGroups ?? [])];
  return {
    spaces: space === undefined ? (asked.length > 0 ? asked : undefined) : [space],
    numbers: query.ids?.length ? numbersOf(query.ids) : undefined,
    // A group without categories finds nothing, rather than everything.
    categories: named.length > 0 || !query.eventGroups?.length ? named : ['-'],
    users: [...(query.users ?? []), ...(query.user ? [query.user] : [])],
    about: [
      ...(query.regarding ?? []).map((id) => [id]),
      query.regardingAny ?? [],
      query.projects ?? [],
      query.projectGroups ?? [],
      query.environments ?? [],
      query.tenants ?? [],
    ],
    kinds: query.documentTypes,
    from: instant('from', query.from),
    to: instant('to', query.to),
    fromNumber: query.fromAutoId,
    toNumber: query.toAutoId,
  };
}

function instant(name: string, text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const date = new Date(text);
  if (Number.isNaN(date.getTime())) {
    throw new Invalid(`${name} must be a date such as 2030-01-31T12:00:00.000+00:00, not "${text}".`);
  }
  return date.toISOString();
}
