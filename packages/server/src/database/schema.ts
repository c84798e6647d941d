/**
 * The tables, as Kysely sees them. One portable subset for both databases: text, integers and JSON as text; times
 * are ISO 8601 text in UTC with milliseconds, so that they sort as they are.
 */
import type { Generated } from 'kysely';

export interface Tables {
  /** Every resource: one JSON document with the few columns that queries need. */
  documents: {
    kind: string;
    id: string;
    /** The number in the id, for "newest first"; 0 for ids without one. */
    number: number;
    /** Empty for things that belong to no space. */
    space: string;
    /** The owner inside the space (a channel's project); empty for none. */
    parent: string;
    name: string;
    /** Lower case, for search and order: `lower()` of SQLite knows ASCII only. */
    name_key: string;
    /** Equals `name_key` for kinds with unique names, else null. */
    unique_key: string | null;
    slug: string | null;
    sort: number;
    /** Grows by one with each update. */
    version: number;
    document: string;
  };
  /** What lists filter by: one row per (document, field, value). */
  document_index: { kind: string; field: string; value: string; id: string };
  /** The last number given out per kind; numbers are never used again. */
  sequences: { name: string; last: number };
  /** Single facts of the installation: its id, the master key's check. */
  settings: { name: string; value: string };
  /** Answers to requests that carried an Idempotency-Key. */
  idempotency: {
    key: string;
    fingerprint: string;
    status: number;
    response: string;
    created: string;
  };
  /** The task queue: what `Coordination` works on. */
  queue: {
    task: string;
    space: string;
    /** queued → leased → done */
    state: 'queued' | 'leased' | 'done';
    queue_time: string;
    /** At most one task with the same tag is leased at a time; null = no limit. */
    tag: string | null;
    epoch: number;
    owner: string | null;
    lease_until: string | null;
  };
  /** Who leads what (`elect`). */
  leaders: { role: string; owner: string; lease_until: string };
  /** The execution of a task, as `RunStore` keeps it. Plan and state are the orchestrator's own, as JSON. */
  runs: {
    task: string;
    plan: string;
    state: string;
    /** The committed log: `[{epoch, length}]`, one blob for each server that had the task. */
    segments: string;
  };
  /** Orders, timers, cursors, outputs and artifacts of a run; `seq` is the order in which they were added. */
  run_entries: { task: string; kind: string; id: string; seq: number; body: string };
  /** What happened to a task elsewhere (a cancel, an answer), for whichever server has it. */
  task_events: { id: string; task: string; created: string; body: string };
  /** Which task works on which worker. */
  worker_leases: { task: string; pool: string; generation: number; worker: string };
  /** The journal of workers that keep none themselves: the built-in one and those reached over SSH. */
  attempt_journal: { worker: string; attempt: string; entry: string };
  /**
   * The digest table of a release or a runbook snapshot: which content each image reference means there. A row without
   * a digest is a reference that is known and not fixed yet.
   */
  image_locks: {
    /** The release or the snapshot. */
    owner: string;
    /** Feed id; empty: the image names its registry itself. */
    feed: string;
    /** `repository:tag`, without the feed's registry. */
    image: string;
    digest: string | null;
    /** When the digest was fixed; of an open row: when it was last tried. */
    locked: string;
    locked_by: 'Creation' | 'FirstUse' | 'Accepted';
    /** The task or the user; empty for the release itself. */
    actor: string;
    /** The digest that was accepted away. */
    previous: string | null;
    /** Why there is no digest yet, as a sentence. */
    problem: string | null;
  };
  /** The audit trail: only ever added to, which triggers see to. `body` is the rest of the event as JSON. */
  events: {
    number: Generated<number>;
    /** Empty for what belongs to no space. */
    space: string;
    occurred: string;
    category: string;
    /** Empty when the server itself did it. */
    user_id: string;
    body: string;
  };
  /** What an event is about: one row per (document, event). */
  event_documents: { document: string; event: number };
}

/** Tables whose rows belong to a task and go with it, by their column `task`. */
export const OF_TASKS = [
  'runs',
  'run_entries',
  'task_events',
  'worker_leases',
  'queue',
] as const satisfies readonly (keyof Tables)[];

/** Kinds of documents that `image_locks.owner` names. */
export const WITH_IMAGES = ['Releases', 'RunbookSnapshots'] as const;
