/**
 * How the digest tables are stored: one row for each image reference of a release or a runbook snapshot. Of those who
 * would fix a reference at the same moment the first one wins, whichever server it is on.
 */
import type { Selectable } from 'kysely';
import type { Database } from '../database/index.ts';
import type { Tables } from '../database/schema.ts';
import type { WorkerImage } from '../feeds/index.ts';

/** A reference within its feed. */
export interface ImageKey {
  /** Feed id; empty: the image names its registry itself. */
  readonly feed: string;
  /** `repository:tag`. */
  readonly image: string;
}

export function keyOf({ feed, name }: Pick<WorkerImage, 'feed' | 'name'>): ImageKey {
  return { feed: feed?.id ?? '', image: name };
}

/** Who fixed a digest, and when. */
export interface LockedBy {
  readonly by: 'Creation' | 'FirstUse' | 'Accepted';
  /** A task or a user; empty: the release itself. */
  readonly actor: string;
  /** ISO 8601. */
  readonly at: string;
}

export type ImageRow = Readonly<Selectable<Tables['image_locks']>>;

export class ImageLocks {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** The whole table of a release or snapshot, by feed and image. */
  of(owner: string): Promise<readonly ImageRow[]> {
    return this.#database.query
      .selectFrom('image_locks')
      .selectAll()
      .where('owner', '=', owner)
      .orderBy('feed')
      .orderBy('image')
      .execute();
  }

  async find(owner: string, { feed, image }: ImageKey): Promise<ImageRow | undefined> {
    return this.#database.query
      .selectFrom('image_locks')
      .selectAll()
      .where('owner', '=', owner)
      .where('feed', '=', feed)
      .where('image', '=', image)
      .executeTakeFirst();
  }

  /**
   * Fixes a reference unless it is fixed already.
   * @returns the digest that holds, which is another one when somebody was quicker; and whether this call fixed it
   */
  async lock(
    owner: string,
    key: ImageKey,
    digest: string,
    { by, actor, at }: LockedBy,
  ): Promise<{ readonly digest: string; readonly won: boolean }> {
    const change = { digest, locked: at, locked_by: by, actor, problem: null };
    return this.#database.transaction(async () => {
      const written = await this.#database.query
        .insertInto('image_locks')
        .values({ owner, ...key, ...change, previous: null })
        .onConflict((conflict) =>
          conflict
            .columns(['owner', 'feed', 'image'])
            .doUpdateSet(change)
            .where('image_locks.digest', 'is', null),
        )
        .returning('digest')
        .executeTakeFirst();
      if (written !== undefined) return { digest, won: true };
      return { digest: (await this.find(owner, key))?.digest ?? digest, won: false };
    });
  }

  /** Says that a reference is known and why it has no digest yet; one that has a digest stays. */
  async leaveOpen(owner: string, key: ImageKey, problem: string, { by, actor, at }: LockedBy): Promise<void> {
    const change = { locked: at, locked_by: by, actor, problem };
    await this.#database.query
      .insertInto('image_locks')
      .values({ owner, ...key, ...change, digest: null, previous: null })
      .onConflict((conflict) =>
        conflict
          .columns(['owner', 'feed', 'image'])
          .doUpdateSet(change)
          .where('image_locks.digest', 'is', null),
      )
      .execute();
  }

  /** What was left open when the table was filled, and is not among these any more, is nobody's reference now. */
  async dropOpen(owner: string, known: readonly ImageKey[]): Promise<void> {
    const kept = new Set(known.map(({ feed, image }) => `${feed}|${image}`));
    for (const { feed, image, digest, locked_by } of await this.of(owner)) {
      if (digest !== null || locked_by !== 'Creation' || kept.has(`${feed}|${image}`)) continue;
      await this.#database.query
        .deleteFrom('image_locks')
        .where('owner', '=', owner)
        .where('feed', '=', feed)
        .where('image', '=', image)
        .where('digest', 'is', null)
        .execute();
    }
  }

  /**
   * Puts another digest, or none (the next use decides), in the place of the one that was seen.
   * @returns false when it is not the one that was seen any more; nothing is changed then
   */
  async replace(seen: ImageRow, digest: string | null, { by, actor, at }: LockedBy): Promise<boolean> {
    const change = { digest, locked: at, locked_by: by, actor, previous: seen.digest, problem: null };
    const { numUpdatedRows } = await this.#database.query
      .updateTable('image_locks')
      .set(change)
      .where('owner', '=', seen.owner)
      .where('feed', '=', seen.feed)
      .where('image', '=', seen.image)
      .where('locked', '=', seen.locked)
      .where((where) =>
        seen.digest === null ? where('digest', 'is', null) : where('digest', '=', seen.digest),
      )
      .executeTakeFirst();
    return numUpdatedRows > 0n;
  }

  /** A transaction during which the table is not forgotten; who comes after a deletion sees that the owner is gone. */
  exclusively<T>(owner: string, work: () => Promise<T>): Promise<T> {
    return this.#database.exclusively(`image_locks ${owner}`, work);
  }

  /** The table goes with its release or snapshot, in the transaction that deletes it. */
  async forget(owner: string): Promise<void> {
    await this.exclusively(owner, async () => {
      await this.#database.query.deleteFrom('image_locks').where('owner', '=', owner).execute();
    });
  }
}
