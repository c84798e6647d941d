/** `/interruptions`: what tasks ask, who takes it on, and the answer. */
import { ArgonautError, Conflict } from '@argonaut/contracts';
import {
  InterruptionQuery,
  InterruptionResource,
  InterruptionSubmission,
  PageOf,
} from '@argonaut/contracts/rest';
import type { Answer } from '@argonaut/orchestrator';
import type { Stored } from '../database/index.ts';
import { crashPoint } from '../execution/index.ts';
import { type Principal, page, type RouteTable } from '../http/index.ts';
import type { Services } from '../services.ts';
import { sendEvent } from '../tasks/events.ts';
import { changeTask } from '../tasks/queries.ts';
import { EVERYONE, teamsIn, usersIn } from '../users/queries.ts';
import { present, readSubmission } from './codec.ts';
import { type Interruption, interruptionsIn, pendingTypes } from './queries.ts';

export function interruptionRoutes(routes: RouteTable, services: Services): void {
  const { database } = services;
  const interruptions = interruptionsIn(database);

  routes.add({
    method: 'GET',
    path: '/interruptions',
    scope: 'space',
    permission: 'InterruptionView',
    summary: 'Lists what tasks ask people',
    query: InterruptionQuery,
    response: PageOf(InterruptionResource),
    handle: async ({ request, query, space, user }) => {
      const found = await interruptions.list({
        ids: query.ids,
        skip: query.skip,
        take: query.take,
        space,
        where: {
          Regarding: query.regarding,
          Pending: query.pendingOnly === true ? 'true' : undefined,
        },
      });
      const items = found.items.map((stored) => present(stored, user));
      return page(request, query, 'Interruption', { items, total: found.total });
    },
  });
  routes.add({
    method: 'GET',
    path: '/interruptions/:id',
    scope: 'space',
    permission: 'InterruptionView',
    summary: 'One interruption',
    response: InterruptionResource,
    handle: async ({ params, space, user }) => present(await interruptions.get(params.id, space), user),
  });
  routes.add({
    method: 'GET',
    path: '/interruptions/:id/responsible',
    scope: 'space',
    permission: 'InterruptionView',
    summary: 'Who has taken it on',
    handle: async ({ params, space }) => {
      const { document } = await interruptions.get(params.id, space);
      const { ResponsibleUserId: id } = document;
      const user = id === null ? undefined : await usersIn(database).find(id);
      return user === undefined
        ? {}
        : { Id: user.id, Username: user.document.Username, DisplayName: user.document.DisplayName };
    },
  });
  routes.add({
    method: 'PUT',
    path: '/interruptions/:id/responsible',
    scope: 'space',
    permission: 'InterruptionSubmit',
    summary: 'Takes it on',
    handle: async ({ params, space, user, record }) => {
      const stored = await interruptions.get(params.id, space);
      refuseUnlessPending(stored);
      await refuseOutsiders(services, stored, user);
      const document = { ...stored.document, ResponsibleUserId: user.id };
      await interruptions.update(stored, document);
      await record({
        category: 'InterruptionResponsibilityTaken',
        message: `"${stored.document.Title}" was taken on`,
        related: documentsOf(stored),
      });
      const { document: found } = await usersIn(database).get(user.id);
      return { Id: user.id, Username: found.Username, DisplayName: found.DisplayName };
    },
  });
  routes.add({
    method: 'POST',
    path: '/interruptions/:id/submit',
    scope: 'space',
    permission: 'InterruptionSubmit',
    summary: 'Answers it; the task goes on',
    body: InterruptionSubmission,
    response: InterruptionResource,
    handle: async ({ params, body, space, user, record }) => {
      const stored = await interruptions.get(params.id, space);
      const { answered, answer, notes } = await submit(services, stored, body, user);
      await record({
        category: 'InterruptionSubmitted',
        message: `"${stored.document.Title}" was answered: ${answer}`,
        related: documentsOf(stored),
        details: notes,
      });
      crashPoint('hold.before-answer');
      database.afterCommit(() => crashPoint('hold.after-answer'));
      return present(answered, user);
    },
  });
}

async function submit(
  services: Services,
  stored: Stored<Interruption>,
  values: Readonly<Record<string, string | null>>,
  user: Principal,
): Promise<{
  readonly answered: Stored<Interruption>;
  readonly answer: Answer;
  readonly notes: string | undefined;
}> {
  const { database } = services;
  const { document } = stored;
  refuseUnlessPending(stored);
  await refuseOutsiders(services, stored, user);
  if (document.ResponsibleUserId !== null && document.ResponsibleUserId !== user.id) {
    throw new Conflict(
      `"${document.Title}" has been taken on by ${document.ResponsibleUserId}. Take it on yourself before you answer.`,
    );
  }
  const { answer, notes } = readSubmission(document, values);
  const { document: who } = await usersIn(database).get(user.id);
  const answered = await interruptionsIn(database).update(stored, {
    ...document,
    IsPending: false,
    ResponsibleUserId: user.id,
    Values: values,
  });
  const types = await pendingTypes(database, document.TaskId);
  await changeTask(database, document.TaskId, (task) => ({ ...task, PendingInterruptionTypes: types }));
  await sendEvent(services, document.TaskId, {
    type: 'interruption-answered',
    interruption: document.Question,
    answer,
    ...(notes === undefined ? {} : { notes }),
    user: {
      id: user.id,
      username: who.Username,
      displayName: who.DisplayName || who.Username,
      ...(who.EmailAddress ? { emailAddress: who.EmailAddress } : {}),
    },
  });
  return { answered, answer, notes };
}

function documentsOf({ id, document }: Stored<Interruption>): string[] {
  return [id, document.TaskId, ...document.RelatedDocumentIds];
}

/** @throws Conflict */
function refuseUnlessPending({ document }: Stored<Interruption>): void {
  if (document.IsPending) return;
  throw new Conflict(
    `"${document.Title}" has been answered or withdrawn already. Look at ${document.TaskId}.`,
  );
}

/** @throws Forbidden unless the question is for everybody, or for a team of theirs. Administrators are in every team. */
async function refuseOutsiders(
  { database }: Services,
  { document }: Stored<Interruption>,
  user: Principal,
): Promise<void> {
  const ids = document.ResponsibleTeamIds;
  if (ids.length === 0 || ids.includes(EVERYONE) || user.isAdministrator) return;
  const teams = await teamsIn(database).all({ ids });
  if (teams.some((team) => team.document.MemberUserIds?.includes(user.id))) return;
  const names = teams.map((team) => `"${team.document.Name}"`).join(', ') || ids.join(', ');
  throw new ArgonautError(
    'Forbidden',
    `"${document.Title}" is for ${names}, and you are in none of these teams. Ask one of their members.`,
  );
}
