/** How interruptions are stored and found, and how a run asks and takes a question back. */
import { timestamp } from '@argonaut/contracts/rest';
import type { Answer, CommandOf } from '@argonaut/orchestrator';
import { Collection, type Database, type Kind, type Stored } from '../database/index.ts';
import { recordEvent } from '../events/index.ts';
import type { Services } from '../services.ts';
import { tasksIn } from '../tasks/queries.ts';

export interface Interruption {
  readonly Title: string;
  readonly Type: 'ManualIntervention' | 'GuidedFailure';
  readonly Created: string;
  readonly IsPending: boolean;
  readonly Text: string;
  readonly Choices: readonly Answer[];
  /** What was submitted; empty while it is pending. */
  readonly Values: Readonly<Record<string, string | null>>;
  readonly RelatedDocumentIds: readonly string[];
  readonly ResponsibleTeamIds: readonly string[];
  readonly ResponsibleUserId: string | null;
  readonly TaskId: string;
  /** The orchestrator's name for it, unique within the task. */
  readonly Question: string;
  /** The failed attempt whose container stays until then, for a person to look into. */
  readonly HeldAttemptId?: string;
  readonly HeldUntil?: string;
  /** The activity in the task's log. */
  readonly CorrelationId: string;
}

const kind: Kind<Interruption> = {
  name: 'Interruptions',
  title: 'interruption',
  nameOf: (interruption) => interruption.Title,
  uniqueNames: false,
  parentOf: (interruption) => interruption.TaskId,
  order: 'newest',
  index: (interruption) => ({
    Regarding: [interruption.TaskId, ...interruption.RelatedDocumentIds],
    Pending: String(interruption.IsPending),
    Question: interruption.Question,
  }),
};

export function interruptionsIn(database: Database): Collection<Interruption> {
  return new Collection(database, kind);
}

/** A run asks. The same question asked again changes nothing. */
export async function ask(
  services: Pick<Services, 'database' | 'now'>,
  task: string,
  question: CommandOf<'ask'>,
): Promise<void> {
  const { database, now } = services;
  const interruptions = interruptionsIn(database);
  if ((await find(database, task, question.interruption)) !== undefined) return;
  const { spaceId, document } = await tasksIn(database).get(task);
  const { id } = await interruptions.insert({
    space: spaceId,
    document: {
      Title: question.title,
      Type: question.type,
      Created: timestamp(now()),
      IsPending: true,
      Text: question.text,
      Choices: question.choices,
      Values: {},
      RelatedDocumentIds: document.RelatedDocumentIds,
      ResponsibleTeamIds: question.teams,
      ResponsibleUserId: null,
      TaskId: task,
      Question: question.interruption,
      CorrelationId: question.activity,
      ...(question.hold === undefined
        ? {}
        : {
            HeldAttemptId: question.hold.attempt,
            HeldUntil: timestamp(new Date(now().getTime() + question.hold.forMs)),
          }),
    },
  });
  await recordEvent(services, {
    category: question.hold === undefined ? `${question.type}InterruptionRaised` : 'HoldOnFailureRaised',
    space: spaceId,
    message: `${document.Description} waits for a person: ${question.title}`,
    related: [id, task, ...document.RelatedDocumentIds],
    mentions: [{ id: task, text: document.Description }],
  });
}

/** The question has no meaning any more (cancelled, answered). */
export async function withdraw(
  services: Pick<Services, 'database' | 'now'>,
  task: string,
  { interruption, expired }: CommandOf<'withdraw'>,
): Promise<void> {
  const { database } = services;
  const stored = await find(database, task, interruption);
  if (stored === undefined || !stored.document.IsPending) return;
  await interruptionsIn(database).update(stored, { ...stored.document, IsPending: false });
  if (expired !== true) return;
  const { Title, RelatedDocumentIds } = stored.document;
  await recordEvent(services, {
    category: 'HoldOnFailureExpired',
    space: stored.spaceId,
    message: `${Title}: nobody decided while it was held`,
    related: [stored.id, task, ...RelatedDocumentIds],
  });
}

/** The types of the questions that a task waits for. */
export async function pendingTypes(database: Database, task: string): Promise<readonly string[]> {
  const pending = await interruptionsIn(database).all({ parent: task, where: { Pending: 'true' } });
  return [...new Set(pending.map(({ document }) => document.Type))];
}

async function find(
  database: Database,
  task: string,
  question: string,
): Promise<Stored<Interruption> | undefined> {
  const [found] = await interruptionsIn(database).all({
    parent: task,
    where: { Question: question },
    take: 1,
  });
  return found;
}
