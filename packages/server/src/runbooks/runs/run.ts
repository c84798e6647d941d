/** The task `RunbookRun`: what it runs, with which variables, and what its end means for the run. */
import { NotFound } from '@argonaut/contracts';
import { environmentsIn } from '../../environments/queries.ts';
import type { TaskKind } from '../../tasks/index.ts';
import { commonContext, personOf, usesGuidedFailure } from '../../tasks/process-task.ts';
import { createScope } from '../../variables/index.ts';
import { defaultPool } from '../../workers/pools/queries.ts';
import { loadRunbookSnapshot } from '../snapshots/load.ts';
import { placeOf } from './create.ts';
import { runbookRunsIn } from './queries.ts';

export const runbookRunTask: TaskKind = {
  name: 'RunbookRun',

  async load(services, task) {
    const { database } = services;
    const id = String(task.document.Arguments.RunbookRunId);
    const run = await runbookRunsIn(database).find(id, task.spaceId);
    if (run === undefined) {
      throw new NotFound(`The run ${id} of ${task.id} does not exist any more, so there is nothing to do.`);
    }
    const { document, spaceId } = run;
    const loaded = await loadRunbookSnapshot(services, document.RunbookSnapshotId, spaceId);
    const { runbook, snapshot, project, process } = loaded;
    const environment = await environmentsIn(database).get(document.EnvironmentId, spaceId);
    const scope = await createScope(services, {
      space: spaceId,
      snapshots: document.VariableSnapshotIds,
      place: placeOf(loaded, environment.id),
      system: {
        ...(await commonContext(services, task, project, environment)),
        runbook: { id: runbook.id, name: runbook.document.Name },
        runbookSnapshot: {
          id: snapshot.id,
          name: snapshot.document.Name,
          notes: snapshot.document.Notes ?? '',
        },
        runbookRun: {
          id: run.id,
          name: document.Name,
          created: document.Created,
          createdBy: await personOf(services, document.DeployedById),
        },
      },
      answers: document.Answers,
      nowMs: services.now().getTime(),
    });
    return {
      variables: scope,
      warnings: scope.warnings,
      planInput: async () => ({
        process,
        environment: { id: environment.id, name: environment.document.Name },
        excludedActions: document.SkipActions ?? [],
        guidedFailure: usesGuidedFailure(
          document.UseGuidedFailure,
          runbook.document.DefaultGuidedFailureMode,
          environment.document,
        ),
        defaultPool: (await defaultPool(database, spaceId)).id,
        scope,
      }),
    };
  },

  async ended(services, task) {
    if (task.document.State !== 'Failed') return;
    const runs = runbookRunsIn(services.database);
    const stored = await runs.find(String(task.document.Arguments.RunbookRunId));
    if (stored === undefined) return;
    await runs.update(stored, { ...stored.document, FailureEncountered: true });
  },
};
