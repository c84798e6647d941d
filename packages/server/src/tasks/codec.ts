/** Tasks on the wire. */
import type { Stored } from '../database/index.ts';
import { isCompleted, type Task } from './queries.ts';

/** Tasks of the server itself may be done again as they are; a deployment is done again by a new deployment. */
const RERUNNABLE: readonly string[] = ['Health'];

export function present({ id, spaceId, document }: Stored<Task>, now: Date) {
  const { ConcurrencyTag: _, RelatedDocumentIds: __, ...fields } = document;
  const completed = isCompleted(document);
  const self = `/api/tasks/${id}`;
  return {
    Id: id,
    SpaceId: spaceId,
    ...fields,
    Completed: completed
      ? (document.CompletedTime ?? '')
      : document.State === 'Queued'
        ? 'Queued...'
        : 'Executing...',
    Duration: duration(document, now),
    HasBeenPickedUpByProcessor: document.StartTime !== null,
    IsCompleted: completed,
    FinishedSuccessfully: document.State === 'Success',
    HasPendingInterruptions: document.PendingInterruptionTypes.length > 0,
    PendingPreconditionTypes: [],
    HasPendingPreconditions: false,
    CanRerun: completed && RERUNNABLE.includes(document.Name),
    EstimatedRemainingQueueDurationSeconds: 0,
    Links: {
      Self: self,
      Details: `${self}/details{?verbose,tail}`,
      Raw: `${self}/raw`,
      Cancel: `${self}/cancel`,
      State: `${self}/state`,
      Prioritize: `${self}/prioritize`,
      QueuedBehind: `${self}/queued-behind{?skip,take}`,
      Web: `/app#/${spaceId}/tasks/${id}`,
      Rerun: `/api/tasks/rerun/${id}`,
      Artifacts: `/api/${spaceId}/artifacts?regarding=${id}`,
      Interruptions: `/api/${spaceId}/interruptions?regarding=${id}`,
      Log: `/api/argonaut/tasks/${id}/log`,
      Where: `/api/argonaut/tasks/${id}/where`,
    },
  };
}

/** For people: `34 seconds`. */
function duration({ StartTime, CompletedTime }: Task, now: Date): string {
  if (StartTime === null) return '';
  const end = CompletedTime === null ? now : new Date(CompletedTime);
  const seconds = Math.max(0, Math.round((end.getTime() - new Date(StartTime).getTime()) / 1000));
  const parts = [
    [Math.floor(seconds / 3600), 'hour'],
    [Math.floor((seconds % 3600) / 60), 'minute'],
    [seconds % 60, 'second'],
  ] as const;
  const said = parts.filter(([count]) => count > 0).slice(0, 2);
  if (said.length === 0) return 'less than a second';
  return said.map(([count, unit]) => `${count} ${unit}${count === 1 ? '' : 's'}`).join(' ');
}
