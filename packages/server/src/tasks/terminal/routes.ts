/** `/argonaut/tasks/{id}/terminal`: a WebSocket to a shell in the container of a step that runs or is held. */
import { ArgonautError, Conflict } from '@argonaut/contracts';
import { Optional } from '@argonaut/contracts/rest';
import { Type } from 'typebox';
import type { Stored } from '../../database/index.ts';
import { serverLine, type TaskExecution } from '../../execution/index.ts';
import type { RouteTable } from '../../http/index.ts';
import type { Services } from '../../services.ts';
import { isCompleted, type Task, tasksIn } from '../queries.ts';
import { type Chosen, chooseAttempt } from './choose.ts';
import { TerminalClient, talk } from './conversation.ts';

/** Terminals at a time: each is a program in somebody's container and a connection to an engine. */
const MOST_TERMINALS = 20;
/** A terminal into which nobody types for so long is closed. */
const IDLE_MS = 15 * 60_000;

const TerminalQuery = Type.Object({
  step: Optional(Type.String({ description: 'Its number or name, or the id of an attempt.' })),
  shell: Optional(
    Type.String({ maxLength: 200, description: 'A program of the container; else bash, else sh.' }),
  ),
  term: Type.String({ default: 'xterm-256color', maxLength: 50, pattern: '^[A-Za-z0-9._+-]+$' }),
  columns: Type.Integer({ default: 80, minimum: 1, maximum: 1000 }),
  rows: Type.Integer({ default: 24, minimum: 1, maximum: 1000 }),
});

export function terminalRoutes(routes: RouteTable, services: Services, idleMs = IDLE_MS): void {
  const tasks = tasksIn(services.database);
  let open = 0;

  routes.addSocket({
    path: '/argonaut/tasks/:id/terminal',
    scope: 'both',
    permission: 'TaskTerminal',
    summary: 'A WebSocket to a shell in the container of a step that runs or is held after its failure',
    query: TerminalQuery,
    converse: async ({ params, query, space, user, signal, record }, socket) => {
      const client = new TerminalClient(socket);
      const task = await tasks.get(params.id, space);
      if (open >= MOST_TERMINALS) {
        throw new ArgonautError(
          'Unavailable',
          `${open} terminals are open on this server, which is the most it allows. Close one, or try again later.`,
        );
      }
      open += 1;
      try {
        const execution = executionOf(services, task);
        const chosen = chooseAttempt(execution.plan, execution.state, query.step);
        const { columns, rows, term, shell } = query;
        const request = { columns, rows, term, ...(shell === undefined ? {} : { shell }) };
        const session = await execution.terminal(chosen.attempt, request, signal);
        const began = performance.now();
        const about = { space: task.spaceId, related: [task.id, ...task.document.RelatedDocumentIds] };
        const place = `container ${session.container} of step "${chosen.step}" of ${task.document.Description}`;
        try {
          await record({
            ...about,
            category: 'TerminalOpened',
            message: `A terminal was opened in ${place}`,
          });
          note(execution, chosen, `${user.username} opened a terminal.`, services.now());
        } catch (error) {
          await session.close();
          throw error;
        }
        let code: number | undefined;
        try {
          client.tell({ type: 'opened', ...chosen, container: session.container, shell: session.shell });
          client.begin(session);
          code = await talk(client, session, idleMs, signal);
          client.tell({ type: 'exit', code: code ?? null });
        } finally {
          const seconds = Math.round((performance.now() - began) / 1000);
          const ended = code === undefined ? 'the connection ended' : `its shell ended with code ${code}`;
          const message = `The terminal in ${place} was closed after ${seconds} s: ${ended}`;
          await record({ ...about, category: 'TerminalClosed', message });
          note(execution, chosen, `${user.username} closed the terminal after ${seconds} s.`, services.now());
        }
      } finally {
        open -= 1;
      }
    },
  });
}

/** @throws Conflict */
function executionOf({ tasksHere }: Services, { id, document }: Stored<Task>): TaskExecution {
  const execution = tasksHere.of(id);
  if (execution !== undefined) return execution;
  if (isCompleted(document))
    throw new Conflict(`${id} is over: there is no container to open a terminal in.`);
  throw new Conflict(
    document.StartTime === null
      ? `${id} has not begun.`
      : `${id} is run by another server (${document.ServerNode}). Open the terminal there.`,
  );
}

/** A line for those who read the log; the audit trail has the whole of it. */
function note(execution: TaskExecution, { attempt }: Chosen, text: string, now: Date): void {
  execution.post({ frames: [serverLine(attempt, 'Info', text, now.getTime())] }).catch(() => {});
}
