/**
 * How variable sets are stored. Each belongs to a project or a library set, and its id is made from the owner's
 * (`variableset-Projects-1`). A frozen copy has an id of its own (`…-s-3-KQZPA`: version 3) and never changes; releases
 * of one version share it. Sensitive values are sealed, bound to the set and the variable they lie in.
 */
import { randomInt } from 'node:crypto';
import type { Variable } from '@argonaut/contracts/rest';
import {
  Collection,
  type Database,
  type Kind,
  type Place,
  type Sealed,
  type Stored,
} from '../database/index.ts';
import type { Services } from '../services.ts';

/** A value as it lies in the document; a sensitive one that was never given is null. */
export type StoredValue = string | Sealed | null;

export type StoredVariable = Omit<Variable, 'Id' | 'Value' | 'Scope' | 'IsSensitive' | 'Type'> & {
  readonly Id: string;
  readonly Value: StoredValue;
  readonly Type: string;
  readonly IsSensitive: boolean;
  readonly Scope: Readonly<Record<string, readonly string[]>>;
};

export interface VariableSet {
  readonly OwnerId: string;
  /** Grows with every save; clients send back the one that they read. */
  readonly Version: number;
  readonly Variables: readonly StoredVariable[];
  readonly LastSnapshotId: string | null;
  /** Of a frozen copy: the set that it was taken from. */
  readonly FrozenFrom?: string;
}

const variableSet: Kind<VariableSet> = {
  name: 'VariableSets',
  title: 'variable set',
  nameOf: (document) => document.OwnerId,
  uniqueNames: false,
  order: 'oldest',
  index: (document) => ({ Owner: document.OwnerId }),
};

export function variableSetsIn(database: Database): Collection<VariableSet> {
  return new Collection(database, variableSet);
}

/** The id that clients make for themselves from the owner's. */
export function variableSetId(ownerId: string): string {
  return `variableset-${ownerId}`;
}

/** Where the value of a variable is sealed to: a sealed text that is moved to another set does not open. */
export function valuePlace(setId: string, variableId: string): Place {
  return { kind: 'VariableSets', id: setId, field: variableId };
}

export function isSealed(value: StoredValue): value is Sealed {
  return typeof value === 'object' && value !== null;
}

/** The empty set of a new project or library set; call it in the transaction that makes the owner. */
export function createVariableSet(
  { database }: Pick<Services, 'database'>,
  { owner, space }: { readonly owner: string; readonly space: string },
): Promise<Stored<VariableSet>> {
  return variableSetsIn(database).insert({
    space,
    id: variableSetId(owner),
    document: { OwnerId: owner, Version: 0, Variables: [], LastSnapshotId: null },
  });
}

/** Removes a set when its owner goes; with its frozen copies, unless releases of others may still read them. */
export async function removeVariableSets(
  { database }: Pick<Services, 'database'>,
  {
    owner,
    space,
    keepSnapshots = false,
  }: { readonly owner: string; readonly space: string; readonly keepSnapshots?: boolean },
): Promise<void> {
  const sets = variableSetsIn(database);
  for (const { id, document } of await sets.all({ space, where: { Owner: owner } })) {
    if (!keepSnapshots || document.FrozenFrom === undefined) await sets.remove(id);
  }
}

/** Without letters that look like others. */
const ALPHABET = 'ABCDEFGHJKLMNPQRSTUVWXYZ';

/** The id of a frozen copy. */
export function snapshotId(setId: string, version: number): string {
  const suffix = Array.from({ length: 5 }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
  return `${setId}-s-${version}-${suffix}`;
}
