/** What must hold for runbooks, and what goes with them. */
import { Invalid } from '@argonaut/contracts';
import type { WritableRunbook } from '@argonaut/contracts/rest';
import type { Stored } from '../database/index.ts';
import { environmentsIn } from '../environments/queries.ts';
import { fieldsOf } from '../http/index.ts';
import { createProcess, removeProcesses } from '../processes/queries.ts';
import { projectsIn } from '../projects/queries.ts';
import { removeDependants } from '../removal.ts';
import type { Services } from '../services.ts';
import { type Runbook, runbooksIn } from './queries.ts';
import { runbookSnapshotsIn } from './snapshots/queries.ts';

/** @throws Invalid with every complaint. */
export async function acceptRunbook(
  { database }: Services,
  space: string,
  body: WritableRunbook,
  stored?: Stored<Runbook>,
): Promise<Runbook> {
  const complaints: string[] = [];
  const projectId = stored?.document.ProjectId ?? body.ProjectId ?? '';
  if (!(await projectsIn(database).find(projectId, space))) {
    complaints.push(
      projectId === ''
        ? 'ProjectId is required.'
        : `ProjectId: the project ${projectId} does not exist in this space.`,
    );
  }
  const named = body.Environments ?? [];
  const known = new Set((await environmentsIn(database).all({ space, ids: named })).map(({ id }) => id));
  for (const id of named.filter((each) => !known.has(each))) {
    complaints.push(`Environments: the environment ${id} does not exist in this space.`);
  }
  const published = body.PublishedRunbookSnapshotId || null;
  if (published !== null && published !== stored?.document.PublishedRunbookSnapshotId) {
    const snapshot = await runbookSnapshotsIn(database).find(published, space);
    if (!stored || snapshot?.document.RunbookId !== stored.id) {
      complaints.push(`PublishedRunbookSnapshotId: this runbook has no snapshot ${published}.`);
    }
  }
  if (complaints.length > 0) throw new Invalid(complaints.join(' '), { errors: complaints });
  const { RunbookProcessId: _, ...fields } = fieldsOf(body) as WritableRunbook & {
    RunbookProcessId?: unknown;
  };
  return { ...fields, ProjectId: projectId, PublishedRunbookSnapshotId: published };
}

/** In the transaction that makes the runbook. */
export function furnishRunbook({ database }: Services, stored: Stored<Runbook>) {
  const { id, spaceId, document } = stored;
  return createProcess(database, spaceId, { projectId: document.ProjectId, runbookId: id });
}

/** Its runs, snapshots and processes; the runbook itself is the caller's. */
export async function clearRunbook(services: Services, stored: Stored<Runbook>): Promise<void> {
  const { database } = services;
  await removeDependants(services, 'Runbooks', stored);
  const snapshots = runbookSnapshotsIn(database);
  for (const snapshot of await snapshots.all({ space: stored.spaceId, parent: stored.id })) {
    await removeDependants(services, 'RunbookSnapshots', snapshot);
    await snapshots.remove(snapshot.id);
  }
  await removeProcesses(database, stored.spaceId, { Runbook: stored.id });
}

/** All runbooks of a project that goes. */
export async function clearRunbooksOf(
  services: Services,
  project: { readonly id: string; readonly spaceId: string },
): Promise<void> {
  const runbooks = runbooksIn(services.database);
  for (const stored of await runbooks.all({ space: project.spaceId, parent: project.id })) {
    await clearRunbook(services, stored);
    await runbooks.remove(stored.id);
  }
}
