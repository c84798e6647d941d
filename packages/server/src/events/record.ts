/**
 * Writes the audit trail. Whoever does something of consequence says so here, inside the transaction that does it: both
 * are there afterwards, or neither. There is no way to change or remove what was written; the database refuses.
 */

import type { Foundation } from '../foundation.ts';
import type { Principal } from '../http/permissions.ts';
import type { EventCategory } from './categories.ts';
import type { EventBody } from './queries.ts';

export interface Happening {
  readonly category: EventCategory;
  /** Empty or absent for what belongs to no space. */
  readonly space?: string | undefined;
  /** One sentence for people. Never a secret, nor a value that might be one. */
  readonly message: string;
  /** The documents that it is about; found with `regarding`. */
  readonly related: readonly string[];
  /** Documents whose names stand in the message, so that a client can make links of them. */
  readonly mentions?: readonly { readonly id: string; readonly text: string }[];
  /** Absent: the server itself. */
  readonly by?: Principal | undefined;
  /** Text for people who look closer (notes of an answer). Never a secret. */
  readonly details?: string | undefined;
}

/** Belongs to the caller's transaction; outside of one it is committed at once. */
export async function recordEvent(
  { database, now }: Pick<Foundation, 'database' | 'now'>,
  { category, space = '', message, related, mentions = [], by, details }: Happening,
): Promise<void> {
  const body: EventBody = {
    Message: message,
    MessageReferences: mentions.flatMap(({ id, text }) => {
      const StartIndex = message.indexOf(text);
      return StartIndex < 0 || text === ''
        ? []
        : [{ ReferencedDocumentId: id, StartIndex, Length: text.length }];
    }),
    RelatedDocumentIds: [...new Set(related)],
    Username: by?.username ?? SERVER_NAME,
    IsService: by === undefined,
    IdentityEstablishedWith: by?.credential ?? '',
    UserAgent: by?.client?.userAgent ?? 'Server',
    IpAddress: by?.client?.address ?? '',
    Details: details ?? '',
  };
  await database.transaction(async () => {
    const { number } = await database.query
      .insertInto('events')
      .values({
        space,
        occurred: now().toISOString(),
        category,
        user_id: by?.id ?? '',
        body: JSON.stringify(body),
      })
      .returning('number')
      .executeTakeFirstOrThrow();
    if (body.RelatedDocumentIds.length === 0) return;
    await database.query
      .insertInto('event_documents')
      .values(body.RelatedDocumentIds.map((document) => ({ document, event: number })))
      .execute();
  });
}

/** Octopus's name for what the server does by itself. */
export const SERVER_NAME = 'system';
