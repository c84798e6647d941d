/** The rows of a run: orders, timers, cursors, outputs, artifacts. Sensitive outputs are sealed. */
import { Secret } from '@argonaut/contracts';
import type { Order } from '@argonaut/orchestrator';
import type { Database, KeyRing } from '../../database/index.ts';
import type {
  AttemptCursor,
  RunChange,
  StoredArtifact,
  StoredOutput,
  StoredTimer,
} from '../../execution/index.ts';

const KINDS = ['order', 'timer', 'cursor', 'output', 'artifact'] as const;
type EntryKind = (typeof KINDS)[number];

interface Entry {
  readonly kind: EntryKind;
  readonly id: string;
  readonly body: unknown;
}

/** An output as it lies in its row. */
type KeptOutput = Omit<StoredOutput, 'value'> & { readonly value?: string; readonly sealed?: string };

export interface RunEntries {
  readonly orders: readonly Order[];
  readonly timers: readonly StoredTimer[];
  readonly cursors: Readonly<Record<string, AttemptCursor>>;
  readonly outputs: readonly StoredOutput[];
  readonly artifacts: readonly StoredArtifact[];
  /** The number of the next entry. */
  readonly nextSeq: number;
}

export async function readEntries(database: Database, keys: KeyRing, task: string): Promise<RunEntries> {
  const rows = await database.query
    .selectFrom('run_entries')
    .select(['kind', 'id', 'seq', 'body'])
    .where('task', '=', task)
    .orderBy('seq')
    .execute();
  const of = <T>(kind: EntryKind): [string, T][] =>
    rows.filter((row) => row.kind === kind).map((row) => [row.id, JSON.parse(row.body) as T]);
  return {
    orders: of<Order>('order').map(([, order]) => order),
    timers: of<StoredTimer>('timer').map(([, timer]) => timer),
    cursors: Object.fromEntries(of<AttemptCursor>('cursor')),
    outputs: of<KeptOutput>('output').map(([id, output]) => opened(keys, task, id, output)),
    artifacts: of<StoredArtifact>('artifact').map(([, artifact]) => artifact),
    nextSeq: Math.max(0, ...rows.map(({ seq }) => Number(seq))) + 1,
  };
}

/** Writes what a change says about entries; returns the number of the next one. Call it in the change's transaction. */
export async function writeEntries(
  database: Database,
  keys: KeyRing,
  task: string,
  change: RunChange,
  nextSeq: number,
): Promise<number> {
  let seq = nextSeq;
  const entries: Entry[] = [
    ...change.addedOrders
      .filter(({ id }) => !change.removedOrders.includes(id))
      .map((body) => ({ kind: 'order' as const, id: body.id, body })),
    ...change.addedTimers
      .filter(({ timer }) => !change.removedTimers.includes(timer))
      .map((body) => ({ kind: 'timer' as const, id: body.timer, body })),
    ...Object.entries(change.cursors).map(([id, body]) => ({ kind: 'cursor' as const, id, body })),
    ...change.outputs.map((output, index) => {
      const id = String(seq + index);
      return { kind: 'output' as const, id, body: sealed(keys, task, id, output) };
    }),
    ...lastOfEach(change.artifacts).map((body) => ({ kind: 'artifact' as const, id: body.id, body })),
  ];
  await removeEntries(database, task, 'order', change.removedOrders);
  await removeEntries(database, task, 'timer', change.removedTimers);
  if (entries.length === 0) return seq;
  const rows = entries.map(({ kind, id, body }, index) => ({
    task,
    kind,
    id,
    seq: seq + index,
    body: JSON.stringify(body),
  }));
  seq += Math.max(rows.length, change.outputs.length);
  await database.query
    .insertInto('run_entries')
    .values(rows)
    .onConflict((conflict) =>
      // The place in the order stays the one of its first appearance.
      conflict.columns(['task', 'kind', 'id']).doUpdateSet((row) => ({ body: row.ref('excluded.body') })),
    )
    .execute();
  return seq;
}

/** When a task is over only what can be looked at later is kept: outputs that are no secret, and artifacts. */
export async function forgetEntries(database: Database, task: string): Promise<void> {
  for (const kind of ['order', 'timer', 'cursor'] as const) {
    await database.query
      .deleteFrom('run_entries')
      .where('task', '=', task)
      .where('kind', '=', kind)
      .execute();
  }
  await database.query
    .deleteFrom('run_entries')
    .where('task', '=', task)
    .where('kind', '=', 'output')
    .where('body', 'like', '%"sealed":%')
    .execute();
}

async function removeEntries(
  database: Database,
  task: string,
  kind: EntryKind,
  ids: readonly string[],
): Promise<void> {
  if (ids.length === 0) return;
  await database.query
    .deleteFrom('run_entries')
    .where('task', '=', task)
    .where('kind', '=', kind)
    .where('id', 'in', ids)
    .execute();
}

function sealed(keys: KeyRing, task: string, id: string, output: StoredOutput): KeptOutput {
  const { value, ...rest } = output;
  if (value === undefined) return rest;
  if (!output.sensitive) return { ...rest, value };
  return { ...rest, sealed: keys.seal(new Secret(value), outputPlace(task, id)) };
}

function opened(keys: KeyRing, task: string, id: string, output: KeptOutput): StoredOutput {
  const { sealed: text, ...rest } = output;
  return text === undefined ? rest : { ...rest, value: keys.open(text, outputPlace(task, id)).reveal() };
}

/** Where a sealed output lives; for the change of the master key too. */
export function outputPlace(task: string, id: string) {
  return { kind: 'run_entries', id: task, field: `output ${id}` };
}

function lastOfEach(artifacts: readonly StoredArtifact[]): readonly StoredArtifact[] {
  return [...new Map(artifacts.map((artifact) => [artifact.id, artifact])).values()];
}
