/**
 * `Idempotency-Key`: a client that does not know whether its POST arrived sends it again with the same key and gets
 * the first answer, instead of a second deployment. The answer is stored in the transaction that did the work.
 */
import { createHash } from 'node:crypto';
import { Conflict, Invalid } from '@argonaut/contracts';
import { type Database, isUniqueViolation } from '../database/database.ts';
import { Answer } from './answers.ts';

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
  const stored = await find(database, key);
  if (stored) return replay(stored, fingerprint);
  try {
    return await database.transaction(async () => {
      const result = await work();
      const answer = result instanceof Answer ? result : new Answer(200, result);
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
  } catch (error) {
    // The same request, at the same moment, elsewhere: it has won, and our work is undone.
    const winner = isUniqueViolation(error) ? await find(database, key) : undefined;
    if (winner) return replay(winner, fingerprint);
    throw error;
  }
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
