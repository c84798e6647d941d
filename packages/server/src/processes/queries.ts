/**
 * How processes are stored. A deployment process belongs to a project, a runbook process to a runbook; both ids are made
 * from the owner's. A frozen copy has an id of its own (`…-s-3-K7QPA`: version 3) and never changes; releases of one
 * process version share it.
 */
import { randomInt } from 'node:crypto';
import type { DeploymentAction, DeploymentStep, PackageReferenceResource } from '@argonaut/contracts/rest';
import { Collection, type Database, type Kind, type Sealed, type Stored } from '../database/index.ts';

/** A property as it lies in the document: text, or a sealed secret. */
export type StoredProperty = string | Sealed;
export type StoredProperties = Readonly<Record<string, StoredProperty>>;

type WithStoredProperties<T> = Omit<T, 'Properties'> & { readonly Properties: StoredProperties };
export type StoredPackage = WithStoredProperties<PackageReferenceResource>;
export type StoredAction = Omit<WithStoredProperties<DeploymentAction>, 'Packages'> & {
  readonly Id: string;
  readonly Packages: readonly StoredPackage[];
};
export type StoredStep = Omit<WithStoredProperties<DeploymentStep>, 'Actions'> & {
  readonly Id: string;
  readonly Actions: readonly StoredAction[];
};

export interface Process {
  readonly ProjectId: string;
  readonly RunbookId?: string;
  readonly Steps: readonly StoredStep[];
  /** Grows with every save; clients send back the one that they read. */
  readonly Version: number;
  readonly LastSnapshotId: string | null;
  /** Of a frozen copy: the process that it was taken from. */
  readonly FrozenFrom?: string;
}

const process: Kind<Process> = {
  name: 'Processes',
  title: 'process',
  nameOf: (document) => document.RunbookId ?? document.ProjectId,
  uniqueNames: false,
  order: 'oldest',
  index: (document) => ({ Project: document.ProjectId, Runbook: document.RunbookId }),
};

export function processesIn(database: Database): Collection<Process> {
  return new Collection(database, process);
}

export function deploymentProcessId(projectId: string): string {
  return `deploymentprocess-${projectId}`;
}

export function runbookProcessId(runbookId: string): string {
  return `RunbookProcess-${runbookId}`;
}

/** The empty process of a new project or runbook. */
export function createProcess(
  database: Database,
  space: string,
  owner: { readonly projectId: string; readonly runbookId?: string },
): Promise<Stored<Process>> {
  const { projectId, runbookId } = owner;
  return processesIn(database).insert({
    space,
    id: runbookId === undefined ? deploymentProcessId(projectId) : runbookProcessId(runbookId),
    document: {
      ProjectId: projectId,
      ...(runbookId === undefined ? {} : { RunbookId: runbookId }),
      Steps: [],
      Version: 0,
      LastSnapshotId: null,
    },
  });
}

/** The frozen copy of a process as it is now: the last one, if nothing was saved since. */
export async function freezeProcess(
  database: Database,
  space: string,
  processId: string,
): Promise<Stored<Process>> {
  const processes = processesIn(database);
  const live = await processes.get(processId, space);
  const last = live.document.LastSnapshotId;
  const existing = last === null ? undefined : await processes.find(last, space);
  if (existing?.document.Version === live.document.Version) return existing;
  const id = `${processId}-s-${live.document.Version}-${suffix()}`;
  const frozen = await processes.insert({
    space,
    id,
    document: { ...live.document, LastSnapshotId: null, FrozenFrom: processId },
  });
  await processes.update(live, { ...live.document, LastSnapshotId: id });
  return frozen;
}

/** Removes a process and every frozen copy of it: what a project or a runbook does when it goes. */
export async function removeProcesses(
  database: Database,
  space: string,
  owner: { readonly Project: string } | { readonly Runbook: string },
): Promise<void> {
  const processes = processesIn(database);
  for (const { id } of await processes.all({ space, where: owner })) await processes.remove(id);
}

/** Without letters that look like others. */
const ALPHABET = 'ABCDEFGHJKLMNPQRSTUVWXYZ';

function suffix(): string {
  return Array.from({ length: 5 }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
}
