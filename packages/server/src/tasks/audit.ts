/** What the audit trail says about tasks: queued, started, and how they ended. */
import type { Stored } from '../database/index.ts';
import { type EventCategory, type Happening, recordEvent } from '../events/index.ts';
import type { Principal } from '../http/index.ts';
import type { Services } from '../services.ts';
import type { Task } from './queries.ts';

type Moment = 'Queued' | 'Started' | 'Succeeded' | 'Failed' | 'Canceled';

const SAID: Readonly<Record<Moment, string>> = {
  Queued: 'was queued',
  Started: 'started',
  Succeeded: 'succeeded',
  Failed: 'failed',
  Canceled: 'was cancelled',
};

/**
 * In the transaction that stores it. Tasks of the server itself (health checks) leave no event here: who asked for one
 * is in the event of the request.
 */
export async function recordTask(
  services: Services,
  { id, spaceId, document }: Stored<Task>,
  moment: Moment,
  by?: Principal,
): Promise<void> {
  const category = categoryOf(document.Name, moment);
  if (category === undefined) return;
  const outcome = document.Outcome === 'Unknown' ? ' (nobody can tell how a step ended)' : '';
  await recordEvent(services, {
    category,
    space: spaceId,
    message: `${document.Description} ${SAID[moment]}${outcome}`,
    related: [id, ...document.RelatedDocumentIds],
    by,
  });
}

/** What somebody did to a task. */
export function happeningTo(
  { id, spaceId, document }: Stored<Task>,
  category: EventCategory,
  what: string,
): Happening {
  return {
    category,
    space: spaceId,
    message: `${document.Description} ${what}`,
    related: [id, ...document.RelatedDocumentIds],
    mentions: [{ id, text: document.Description }],
  };
}

function categoryOf(name: string, moment: Moment): EventCategory | undefined {
  if (name === 'Deploy') return `Deployment${moment}`;
  if (name === 'RunbookRun') return `RunbookRun${moment}`;
  return undefined;
}
