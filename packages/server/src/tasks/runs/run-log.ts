/**
 * A task's log in blobs: one segment for each server that had the task, named by its lease's epoch. The committed length
 * of every segment is in the run's row; what a dead server wrote behind it is never read, and a slow one that has lost the
 * task can only write into a segment that nobody reads any more.
 */
import type { BlobStore } from '../../blobs/index.ts';
import type { Database } from '../../database/index.ts';
import type { LogSource } from '../../tasklog/index.ts';

export interface Segment {
  readonly epoch: number;
  /** Committed bytes. */
  readonly length: number;
}

export function segmentKey(task: string, epoch: number): string {
  return `logs/${task}/${epoch}`;
}

export function lengthOf(segments: readonly Segment[]): number {
  return segments.reduce((sum, { length }) => sum + length, 0);
}

export async function segmentsOf(database: Database, task: string): Promise<readonly Segment[]> {
  const row = await database.query
    .selectFrom('runs')
    .select('segments')
    .where('task', '=', task)
    .executeTakeFirst();
  return row === undefined ? [] : JSON.parse(row.segments);
}

/** What is committed at the time of each call, as one sequence of bytes. */
export function openRunLog(database: Database, blobs: BlobStore, task: string): LogSource {
  return {
    length: async () => lengthOf(await segmentsOf(database, task)),
    read: async (offset, maxBytes) => {
      let start = offset;
      for (const { epoch, length } of await segmentsOf(database, task)) {
        if (start < length) {
          const end = Math.min(length, start + maxBytes);
          const parts: Uint8Array[] = [];
          for await (const part of await blobs.get(segmentKey(task, epoch), { start, end })) parts.push(part);
          return Buffer.concat(parts);
        }
        start -= length;
      }
      return new Uint8Array();
    },
  };
}
