/**
 * Frozen copies of variable sets. A release keeps the variables that it was made with; taking them anew is a deliberate
 * act of a person ("Update variables"), which is the same call again.
 */
import type { KeyRing, Stored } from '../database/index.ts';
import type { Services } from '../services.ts';
import {
  isSealed,
  type StoredVariable,
  snapshotId,
  type VariableSet,
  valuePlace,
  variableSetId,
  variableSetsIn,
} from './queries.ts';

/** What freezing needs to know of a project. */
interface Including {
  readonly id: string;
  readonly spaceId: string;
  readonly document: { readonly IncludedLibraryVariableSetIds?: readonly string[] };
}

/** The sets that a project reads: its own first, then the library sets it includes, in their order. */
export function variableSetsOf(project: Including): readonly string[] {
  return [project.id, ...(project.document.IncludedLibraryVariableSetIds ?? [])].map(variableSetId);
}

/**
 * Freezes sets as they are now and returns the ids of the copies, in the same order. A set that was not saved since
 * its last copy gives that copy again. Call it in the transaction that stores the ids.
 * @throws NotFound when a set is not in this space.
 */
export async function snapshotVariables(
  services: Pick<Services, 'database' | 'keys'>,
  space: string,
  setIds: readonly string[],
): Promise<readonly string[]> {
  return services.database.transaction(async () => {
    const ids: string[] = [];
    for (const setId of setIds) ids.push(await freeze(services, space, setId));
    return ids;
  });
}

/** All that a project reads, under the names that releases and runbook snapshots give it. */
export async function snapshotProjectVariables(
  services: Pick<Services, 'database' | 'keys'>,
  project: Including,
): Promise<{
  readonly ProjectVariableSetSnapshotId: string;
  readonly LibraryVariableSetSnapshotIds: string[];
}> {
  const [own = '', ...library] = await snapshotVariables(services, project.spaceId, variableSetsOf(project));
  return { ProjectVariableSetSnapshotId: own, LibraryVariableSetSnapshotIds: library };
}

async function freeze(
  { database, keys }: Pick<Services, 'database' | 'keys'>,
  space: string,
  setId: string,
): Promise<string> {
  const sets = variableSetsIn(database);
  const live = await sets.get(setId, space);
  if (live.document.FrozenFrom !== undefined) return live.id;
  const last = live.document.LastSnapshotId;
  const existing = last === null ? undefined : await sets.find(last, space);
  if (existing?.document.Version === live.document.Version) return existing.id;
  const id = snapshotId(setId, live.document.Version);
  await sets.insert({ space, id, document: copyOf(keys, live, id) });
  await sets.update(live, { ...live.document, LastSnapshotId: id });
  return id;
}

function copyOf(keys: KeyRing, live: Stored<VariableSet>, id: string): VariableSet {
  return {
    ...live.document,
    Variables: resealed(keys, live, id),
    LastSnapshotId: null,
    FrozenFrom: live.id,
  };
}

/** The variables of a set for the set `id`: secrets are sealed anew for the place where they will lie. */
export function resealed(keys: KeyRing, from: Stored<VariableSet>, id: string): readonly StoredVariable[] {
  return from.document.Variables.map((variable) => {
    if (!isSealed(variable.Value)) return variable;
    const secret = keys.open(variable.Value.sealed, valuePlace(from.id, variable.Id));
    return { ...variable, Value: { sealed: keys.seal(secret, valuePlace(id, variable.Id)) } };
  });
}
