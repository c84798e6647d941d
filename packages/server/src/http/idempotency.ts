/**
 * `Idempotency-Key`: a client that does not know whether its POST arrived sends it again with the same key and gets
 * the first answer, instead of a second deployment. The answer is stored in the transaction that did the work.
 */
import { createHash } from 'node:crypto';
import { Conflict, Invalid } from '@argonaut/contracts';
import type { Database } from '../database/database.ts';
import { Answer } from './answers.ts';

/** How long a repeated request finds its first answer, in milliseconds: seven days. */
const KEPT_FOR = 7 * 86_400_000;

const KEY_FORM = /^[\x21-\x7e]{1,200}$/;

export interface IdempotentRequest {
  readonly key: string;
  readonly userId: string;
  readonly method: string;
  readonly url: string;
  readonly body: unknown;
}

/**
 * Runs `work` once per key and user.
 * @throws Conflict when the key was used for a different request.
 */
export async function once(
  database: Database,
  request: IdempotentRequest,
  now: Date,
  work: () => Promise<unknown>,
): Promise<Answer> {
  if (!KEY_FORM.test(request.key)) {
    throw new Invalid(
      'The Idempotency-Key must be 1 to 200 printable characters without spaces, such as a UUID.',
    );
  }
  const key = `${request.userId} ${request.key}`;
  const fingerprint = createHash('sha256')
    .update(JSON.stringify([request.method, request.url.toLowerCase(), request.body]))
    .digest('hex');
  // The same request may arrive at two servers at one moment: the second waits, then finds the first one's answer.
  return database.exclusively(`idempotency ${key}`, async () => {
    const stored = await find(database, key);
    if (stored) return replay(stored, fingerprint);
    const result = await work();
    const answer = result instanceof Answer ? result : new Answer(200, result);
    await forgetOld(database, now);
    await database.query
      .insertInto('idempotency')
      .values({
        key,
        fingerprint,
        status: answer.status,
        response: JSON.stringify(answer.body),
        created: now.toISOString(),
      })
      .execute();
    return answer;
  });
}

async function forgetOld(database: Database, now: Date): Promise<void> {
  const limit = new Date(now.getTime() - KEPT_FOR).toISOString();
  await database.query.deleteFrom('idempotency').where('created', '<', limit).execute();
}

interface StoredAnswer {
  readonly fingerprint: string;
  readonly status: number;
  readonly response: string;
}

function find(database: Database, key: string): Promise<StoredAnswer | undefined> {
  return database.query
    .selectFrom('idempotency')
    .select(['fingerprint', 'status', 'response'])
    .where('key', '=', key)
    .executeTakeFirst();
}

function replay(stored: StoredAnswer, fingerprint: string): Answer {
  if (stored.fingerprint !== fingerprint) {
    throw new Conflict(
      'This Idempotency-Key was used for a different request. Use a new key for each new request.',
    );
  }
  return new Answer(stored.status, JSON.parse(stored.response), { 'idempotency-replayed': 'true' });
}
