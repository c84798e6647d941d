/** The health of workers: what a connection says about its machine, judged, stored, and told in a task's log. */
import { messageOf } from '@argonaut/contracts';
import type { LogLevel, WorkerDescription } from '@argonaut/contracts/attempt';
import { timestamp } from '@argonaut/contracts/rest';
import { BUILT_IN_WORKER, type Connections } from '../connections/index.ts';
import type { Stored } from '../database/index.ts';
import type { Services } from '../services.ts';
import type { LogFrame } from '../tasklog/index.ts';
import type { ServerWork, TaskKind } from '../tasks/index.ts';
import { type Health, type Worker, workersIn } from './queries.ts';

/** A worker that does not answer in this time is unavailable. */
const CHECK_DEADLINE_MS = 60_000;

/** Pure: what a description means. */
export function judge(description: WorkerDescription, checked: string): Health {
  const engine = description.engine;
  if (engine === undefined) {
    const summary = `No container engine: ${description.engineProblem ?? 'the worker does not say why.'}`;
    return { status: 'Unhealthy', summary, checked, description };
  }
  const facts = `${engine.name} ${engine.version}, API ${engine.apiVersion}, live-restore ${engine.liveRestore ? 'on' : 'off'}`;
  const { warnings } = description;
  if (warnings.length === 0) return { status: 'Healthy', summary: facts, checked, description };
  return { status: 'HasWarnings', summary: `${facts}. ${warnings.join(' ')}`, checked, description };
}

/** Asks the worker; an error is an answer too. */
export async function checkWorker(
  connections: Connections,
  worker: Pick<Stored<Worker>, 'id'>,
  now: Date,
  signal: AbortSignal,
): Promise<Health> {
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(CHECK_DEADLINE_MS)]);
  try {
    const connection = await connections.to(worker.id, deadline);
    return judge(await connection.describe(deadline), timestamp(now));
  } catch (error) {
    signal.throwIfAborted();
    return { status: 'Unavailable', summary: messageOf(error), checked: timestamp(now) };
  }
}

/** The task `Health`: every worker that `Arguments.MachineIds` names, or all; the built-in one where there is none. */
export const healthTask: TaskKind = {
  name: 'Health',
  async perform(services, task, work) {
    const named = task.document.Arguments.MachineIds;
    const ids = Array.isArray(named) ? named.map(String) : [];
    const workers = await workersIn(services.database).all({ space: task.spaceId, ids });
    const unwell: string[] = [];
    for (const worker of workers) {
      const health = await checkAndKeep(services, worker, work);
      if (health.status === 'Unhealthy' || health.status === 'Unavailable') unwell.push(worker.document.Name);
    }
    if (workers.length === 0) {
      const health = await checkWorker(
        services.connections,
        { id: BUILT_IN_WORKER.id },
        services.now(),
        work.signal,
      );
      await tell(services, work, BUILT_IN_WORKER, health);
      if (health.status === 'Unavailable') unwell.push(BUILT_IN_WORKER.name);
    }
    if (unwell.length > 0) {
      throw new Error(`These workers are not healthy: ${unwell.join(', ')}. The log says why.`);
    }
  },
};

async function checkAndKeep(services: Services, worker: Stored<Worker>, work: ServerWork): Promise<Health> {
  const { database, connections } = services;
  const health = await checkWorker(connections, worker, services.now(), work.signal);
  await tell(services, work, { id: worker.id, name: worker.document.Name }, health);
  await database.transaction(async () => {
    const workers = workersIn(database);
    const now = await workers.find(worker.id);
    if (now !== undefined) await workers.update(now, { ...now.document, Health: health });
  });
  return health;
}

async function tell(
  services: Services,
  work: ServerWork,
  worker: { readonly id: string; readonly name: string },
  health: Health,
): Promise<void> {
  const activity = worker.id;
  const timeMs = services.now().getTime();
  const well = health.status === 'Healthy' || health.status === 'HasWarnings';
  const level: LogLevel = health.status === 'Healthy' ? 'Info' : well ? 'Warning' : 'Error';
  const frames: LogFrame[] = [
    { type: 'activity', activity, parent: 'task', name: `Check ${worker.name}`, kind: 'step' },
    { type: 'status', activity, status: 'Running', timeMs },
    {
      type: 'text',
      activity,
      source: 'server',
      level,
      timeMs,
      bytes: Buffer.from(`${health.status}: ${health.summary}\n`),
    },
    { type: 'status', activity, status: well ? 'Success' : 'Failed', timeMs },
  ];
  await work.log(frames);
}
