/** What a task said: as a tree (`details`), as a text (`raw`), as a stream that goes on (`log`), and where its time went. */
import { Readable } from 'node:stream';
import { Optional } from '@argonaut/contracts/rest';
import { Type } from 'typebox';
import { Answer, type RouteTable } from '../http/index.ts';
import type { Services } from '../services.ts';
import { RawText, readFrames } from '../tasklog/index.ts';
import { present } from './codec.ts';
import { FoldedLogs } from './folded-logs.ts';
import { eventStream } from './live-log.ts';
import { isCompleted, tasksIn } from './queries.ts';
import { removalsOf } from './removals.ts';
import { openRunLog } from './runs/run-log.ts';
import { whereTheTimeWent } from './where.ts';

export function taskLogRoutes(routes: RouteTable, services: Services): void {
  const { database, blobs, now } = services;
  const tasks = tasksIn(database);
  const trees = new FoldedLogs((task) => openRunLog(database, blobs, task));

  routes.add({
    method: 'GET',
    path: '/tasks/:id/details',
    scope: 'both',
    permission: 'TaskView',
    summary: 'A task with its log as a tree of activities',
    query: Type.Object({
      verbose: Optional(Type.Boolean({ default: true })),
      tail: Optional(Type.Integer({ minimum: 0, description: 'Last lines of each activity.' })),
    }),
    handle: async ({ params, query, space }) => {
      const stored = await tasks.get(params.id, space);
      const tree = await trees.treeOf(stored.id, query.verbose !== false);
      const ActivityLogs = tree.toElements(query.tail);
      const leaves = ActivityLogs.flatMap((root) => root.Children);
      const over = leaves.filter(({ Ended }) => Ended !== null).length;
      const completed = isCompleted(stored.document);
      const Task = present(stored, now());
      return {
        Task,
        ActivityLogs,
        PhysicalLogSize: await openRunLog(database, blobs, stored.id).length(),
        Progress: {
          ProgressPercentage: completed ? 100 : Math.floor((100 * over) / Math.max(1, leaves.length)),
          EstimatedTimeRemaining: '',
        },
        Links: { ...Task.Links, Self: `/api/tasks/${stored.id}/details` },
      };
    },
  });
  routes.add({
    method: 'GET',
    path: '/tasks/:id/raw',
    scope: 'both',
    permission: 'TaskView',
    summary: "A task's log as text",
    handle: async ({ params, space }) => {
      const stored = await tasks.get(params.id, space);
      const { document } = stored;
      const log = openRunLog(database, blobs, stored.id);
      async function* text() {
        yield `Task ID:        ${stored.id}\nTask status:    ${document.State}\nTask queued:    ${document.QueueTime}\n`;
        yield `Task started:   ${document.StartTime ?? ''}\nTask ended:     ${document.CompletedTime ?? ''}\n\n`;
        const raw = new RawText();
        for await (const { frame } of readFrames(log)) yield* raw.push(frame);
        yield* raw.finish();
      }
      return new Answer(200, Readable.from(text()), { 'content-type': 'text/plain; charset=utf-8' });
    },
  });
  routes.add({
    method: 'GET',
    path: '/argonaut/tasks/:id/log',
    scope: 'server',
    permission: 'TaskView',
    summary: "A task's log as server-sent events; `Last-Event-ID` (or `from`) resumes",
    query: Type.Object({
      from: Optional(Type.Integer({ minimum: 0, description: 'The id of the last event that was read.' })),
    }),
    handle: async ({ params, query, request, signal }) => {
      const { id } = await tasks.get(params.id);
      const last = Number(request.headers['last-event-id'] ?? Number.NaN);
      const from = Number.isSafeInteger(last) && last >= 0 ? last : (query.from ?? 0);
      return new Answer(200, Readable.from(eventStream(services, id, from, signal)), {
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-cache, no-transform',
        'x-accel-buffering': 'no',
      });
    },
  });
  routes.add({
    method: 'GET',
    path: '/argonaut/tasks/:id/where',
    scope: 'server',
    permission: 'TaskView',
    summary: 'Where the time of a task went, in milliseconds',
    handle: async ({ params }) => {
      const { id, document } = await tasks.get(params.id);
      const frames = readFrames(openRunLog(database, blobs, id));
      return whereTheTimeWent(id, document, frames, await removalsOf(blobs, id));
    },
  });
}
