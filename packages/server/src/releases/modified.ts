/** What has changed in a project since a release, or a snapshot of a runbook, froze it. */
import { processesIn } from '../processes/queries.ts';
import { projectsIn } from '../projects/queries.ts';
import type { Services } from '../services.ts';
import { variableSetId, variableSetsIn } from '../variables/index.ts';

export async function isProcessModified(
  { database }: Services,
  space: string,
  ids: { readonly live: string; readonly frozen: string },
): Promise<boolean> {
  const processes = processesIn(database);
  const live = await processes.get(ids.live, space);
  const frozen = await processes.get(ids.frozen, space);
  return live.document.Version !== frozen.document.Version;
}

export async function variablesModified(
  { database }: Services,
  space: string,
  document: {
    readonly ProjectId: string;
    readonly ProjectVariableSetSnapshotId: string;
    readonly LibraryVariableSetSnapshotIds: readonly string[];
  },
) {
  const sets = variableSetsIn(database);
  const project = await projectsIn(database).get(document.ProjectId, space);
  const isModified = async (snapshotId: string) => {
    const frozen = await sets.find(snapshotId, space);
    const live = frozen?.document.FrozenFrom && (await sets.find(frozen.document.FrozenFrom, space));
    return !live || live.document.Version !== frozen.document.Version;
  };
  const frozenSets = await sets.all({ space, ids: [...document.LibraryVariableSetSnapshotIds, '-'] });
  const frozenFrom = frozenSets.map((set) => set.document.FrozenFrom ?? '').sort();
  const included = (project.document.IncludedLibraryVariableSetIds ?? []).map(variableSetId).sort();
  let library = frozenFrom.join() !== included.join();
  for (const id of document.LibraryVariableSetSnapshotIds) library ||= await isModified(id);
  return {
    IsVariableSetModified: await isModified(document.ProjectVariableSetSnapshotId),
    IsLibraryVariableSetModified: library,
  };
}
