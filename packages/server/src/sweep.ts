/**
 * Bytes that nobody knows any more: written before a transaction that never came, because the server died in between, or
 * left behind when a space went with everything in it. They are looked for daily and removed.
 *
 * Nothing is touched that was written within a day: its transaction may still come. And nothing is touched in a folder
 * that another installation has marked as its own: to an empty database all its logs would look like leavings.
 */
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '@argonaut/contracts';
import { artifactsIn, contentKey } from './artifacts/queries.ts';
import type { Database } from './database/index.ts';
import type { Foundation } from './foundation.ts';
import { packagesIn } from './packages/queries.ts';
import { tasksIn } from './tasks/queries.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Whoever has started the server with the wrong database has time to notice. */
const FIRST_AFTER_MS = HOUR_MS;
/** Names that are looked up together. */
const AT_ONCE = 500;

/** Which of the names below a prefix (`ServerTasks-1` of `logs/ServerTasks-1/3`) somebody knows. */
interface Sort {
  readonly prefix: string;
  readonly known: (database: Database, names: readonly string[]) => Promise<Iterable<string>>;
}

const SORTS: readonly Sort[] = [
  {
    prefix: 'logs',
    known: async (database, ids) => (await tasksIn(database).all({ ids })).map(({ id }) => `logs/${id}`),
  },
  {
    prefix: 'artifacts',
    known: async (database, ids) =>
      (await artifactsIn(database).all({ ids })).map(({ id }) => contentKey(id)),
  },
  {
    prefix: 'packages',
    known: async (database) => (await packagesIn(database).all()).map(({ document }) => document.BlobKey),
  },
];

type Needs = Pick<Foundation, 'blobs' | 'database' | 'installationId' | 'now'>;

export interface Swept {
  /** Blobs that were removed. */
  readonly removed: number;
  readonly bytes: number;
  /** Why nothing was looked for. */
  readonly refused?: string;
}

/** The key of the mark that says whose blobs these are. */
const MARK = 'installation';

/** Marks the blobs as this installation's, unless they are marked. */
export async function markBlobs({
  blobs,
  installationId,
}: Pick<Needs, 'blobs' | 'installationId'>): Promise<void> {
  if ((await blobs.size(MARK)) === undefined) await blobs.put(MARK, Buffer.from(installationId));
}

/** Looks once, and removes what it finds. */
export async function sweepBlobs({ blobs, database, installationId, now }: Needs): Promise<Swept> {
  const mark = (await blobs.size(MARK)) === undefined ? '' : await text(await blobs.get(MARK));
  if (mark !== installationId) {
    const refused =
      `The stored files belong to the installation "${mark}", and the database to "${installationId}": nothing is removed. ` +
      'Start the server with the database and the data directory that belong together; if these do, delete the file blobs/installation.';
    return { removed: 0, bytes: 0, refused };
  }
  const before = new Date(now().getTime() - DAY_MS);
  let [removed, bytes] = [await blobs.deleteUnfinished(before), 0];
  for (const { prefix, known } of SORTS) {
    // Listed first, looked up second: what somebody came to know in between is known.
    const old = new Set(await blobs.older(prefix, before));
    const names = [...new Set([...old].map((key) => key.split('/')[1] ?? ''))];
    for (let from = 0; from < names.length; from += AT_ONCE) {
      const some = names.slice(from, from + AT_ONCE);
      const kept = new Set(await known(database, some));
      for (const name of some) {
        const key = `${prefix}/${name}`;
        if (kept.has(key)) continue;
        const parts = old.has(key) ? [key] : await blobs.list(key);
        if (!parts.every((part) => old.has(part))) continue;
        for (const part of parts) bytes += (await blobs.size(part)) ?? 0;
        await blobs.delete(key);
        removed += parts.length;
      }
    }
  }
  return { removed, bytes };
}

/** An hour after the start and then daily, until the server stops. Never rejects. */
export async function sweepDaily(services: Foundation): Promise<void> {
  const { log, stopping } = services;
  await markBlobs(services).catch((error) => log.warn({ error: messageOf(error) }, 'marking stored files'));
  for (let wait = FIRST_AFTER_MS; ; wait = DAY_MS) {
    try {
      await sleep(wait, undefined, { signal: stopping, ref: false });
      const { refused, ...swept } = await sweepBlobs(services);
      if (refused !== undefined) log.warn(refused);
      else if (swept.removed > 0) log.info(swept, 'stored files that nobody knew were removed');
    } catch (error) {
      if (stopping.aborted) return;
      log.warn({ error: messageOf(error) }, 'looking for stored files that nobody knows');
    }
  }
}
