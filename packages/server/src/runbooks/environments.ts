/** Where a runbook may run: everywhere, in the environments that it names, or in those of the project's lifecycles. */
import { Invalid } from '@argonaut/contracts';
import type { Stored } from '../database/index.ts';
import { type Environment, environmentsIn } from '../environments/queries.ts';
import { effectivePhases } from '../lifecycles/phases.ts';
import { environmentsOf, lifecyclesIn } from '../lifecycles/queries.ts';
import { channelsIn } from '../projects/channels/queries.ts';
import { projectsIn } from '../projects/queries.ts';
import type { Services } from '../services.ts';
import type { Runbook } from './queries.ts';

export async function runbookEnvironments(
  { database }: Pick<Services, 'database'>,
  runbook: Stored<Runbook>,
): Promise<readonly Stored<Environment>[]> {
  const space = runbook.spaceId;
  const all = await environmentsIn(database).all({ space });
  const { EnvironmentScope, Environments, ProjectId } = runbook.document;
  if (EnvironmentScope === 'Specified') return all.filter(({ id }) => Environments?.includes(id));
  if (EnvironmentScope !== 'FromProjectLifecycles') return all;
  const project = await projectsIn(database).get(ProjectId, space);
  const channels = await channelsIn(database).all({ space, parent: ProjectId });
  const ids = channels.map(({ document }) => document.LifecycleId || project.document.LifecycleId);
  const allowed = new Set<string>();
  for (const lifecycle of await lifecyclesIn(database).all({ space, ids: [...new Set(ids)] })) {
    for (const phase of await effectivePhases(database, lifecycle))
      for (const id of environmentsOf(phase)) allowed.add(id);
  }
  return all.filter(({ id }) => allowed.has(id));
}

/** @throws Invalid with the environments that the runbook may run in. */
export async function checkRunbookEnvironment(
  services: Pick<Services, 'database'>,
  runbook: Stored<Runbook>,
  environment: Stored<Environment>,
): Promise<void> {
  const allowed = await runbookEnvironments(services, runbook);
  if (allowed.some(({ id }) => id === environment.id)) return;
  const names = allowed.map(({ document }) => `"${document.Name}"`).join(', ');
  throw new Invalid(
    `The runbook "${runbook.document.Name}" may not run in the environment "${environment.document.Name}". It may run in ${names || 'none: choose environments in its settings'}.`,
  );
}
