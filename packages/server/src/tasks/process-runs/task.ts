/** The task that runs a process: what it runs, with which variables, and what its end means for the run. */
import { NotFound } from '@argonaut/contracts';
import type { Collection, Database, Stored } from '../../database/index.ts';
import { type Environment, environmentsIn } from '../../environments/queries.ts';
import type { Services } from '../../services.ts';
import { createScope, type SystemContext } from '../../variables/index.ts';
import { defaultPool } from '../../workers/pools/queries.ts';
import type { RunInput, TaskKind } from '../kinds.ts';
import type { Task } from '../queries.ts';
import { commonContext } from './context.ts';
import type { Place, ProcessRun, Runnable } from './run.ts';
import { unknownPlaces } from './unknown-places.ts';

export interface RunKind<R extends ProcessRun, L extends Runnable> {
  /** Of the task. */
  readonly name: string;
  /** The argument of the task that names the run. */
  readonly argument: string;
  readonly runsIn: (database: Database) => Collection<R>;
  readonly load: (services: Services, run: Stored<R>) => Promise<L>;
  readonly placeOf: (loaded: L, environment: string) => Place;
  /** What system variables know of this kind of run alone. */
  readonly context: (services: Services, run: Stored<R>, loaded: L) => Promise<Partial<SystemContext>>;
  /** `On`, `Off`, or what the environment says. */
  readonly guidedFailureMode: (loaded: L) => string | undefined;
  readonly channel?: (loaded: L) => NonNullable<RunInput['channel']>;
}

export function processRunTask<R extends ProcessRun, L extends Runnable>(kind: RunKind<R, L>): TaskKind {
  const idOf = (task: Stored<Task>) => String(task.document.Arguments[kind.argument]);
  return {
    name: kind.name,

    async load(services, task) {
      const { database } = services;
      const runs = kind.runsIn(database);
      const run = await runs.find(idOf(task), task.spaceId);
      if (run === undefined) {
        throw new NotFound(
          `The ${runs.kind.title} ${idOf(task)} of ${task.id} does not exist any more, so there is nothing to run.`,
        );
      }
      const { document, spaceId } = run;
      const loaded = await kind.load(services, run);
      const environment = await environmentsIn(database).get(document.EnvironmentId, spaceId);
      const scope = await createScope(services, {
        space: spaceId,
        snapshots: document.VariableSnapshotIds,
        place: kind.placeOf(loaded, environment.id),
        system: {
          ...(await commonContext(services, task, loaded.project, environment)),
          ...(await kind.context(services, run, loaded)),
        },
        answers: document.Answers,
        sealedProperties: loaded.sealedProperties,
        nowMs: services.now().getTime(),
      });
      const unknown = await unknownPlaces(database, {
        space: spaceId,
        process: loaded.process,
        snapshots: document.VariableSnapshotIds,
      });
      return {
        variables: scope,
        warnings: [...scope.warnings, ...unknown],
        planInput: async () => ({
          process: loaded.process,
          environment: { id: environment.id, name: environment.document.Name },
          ...(kind.channel === undefined ? {} : { channel: kind.channel(loaded) }),
          excludedActions: document.SkipActions ?? [],
          guidedFailure: usesGuidedFailure(
            document.UseGuidedFailure,
            kind.guidedFailureMode(loaded),
            environment.document,
          ),
          defaultPool: (await defaultPool(database, spaceId)).id,
          scope,
        }),
      };
    },

    async ended({ database }, task) {
      if (task.document.State !== 'Failed') return;
      const runs = kind.runsIn(database);
      const stored = await runs.find(idOf(task));
      if (stored !== undefined) await runs.update(stored, { ...stored.document, FailureEncountered: true });
    },
  };
}

/** The run's own wish, else the process's setting, else the environment's. */
function usesGuidedFailure(
  wish: boolean | null | undefined,
  setting: string | undefined,
  environment: Environment,
): boolean {
  if (wish !== undefined && wish !== null) return wish;
  if (setting === 'On') return true;
  return setting === 'Off' ? false : (environment.UseGuidedFailure ?? false);
}
