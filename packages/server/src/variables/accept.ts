/**
 * A variable set as a client writes it, and as it is stored: every variable gets a GUID, sensitive values are sealed
 * and never come out again, and fields that we do not know stay as they came.
 */
import { randomUUID } from 'node:crypto';
import { Conflict, Invalid, Secret } from '@argonaut/contracts';
import type { Variable, VariableWarning, WritableVariableSet } from '@argonaut/contracts/rest';
import type { KeyRing, Place, Stored } from '../database/index.ts';
import { maskingWarning } from './maskable.ts';
import { isSealed, type StoredValue, type StoredVariable, type VariableSet, valuePlace } from './queries.ts';

export interface AcceptedSet {
  readonly document: VariableSet;
  /** About values that were sent with this change and cannot be masked. */
  readonly warnings: readonly VariableWarning[];
}

const GUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const CONTROL = /\p{Cc}/u;

/**
 * What is stored for this body over `stored`.
 * @throws Conflict when the set was saved by somebody else since it was read; Invalid with every complaint.
 */
export function acceptVariables(
  keys: KeyRing,
  body: WritableVariableSet,
  stored: Stored<VariableSet>,
): AcceptedSet {
  const { document, id: setId } = stored;
  if (document.FrozenFrom !== undefined) {
    throw new Invalid(
      `${setId} is a snapshot and never changes. Change ${document.FrozenFrom} and update the variables of the release.`,
    );
  }
  if (body.Version !== undefined && body.Version !== document.Version) {
    throw new Conflict(
      `The variables ${setId} were saved by somebody else meanwhile: they are at version ${document.Version}, this change was made on version ${body.Version}. Read them again and repeat the change.`,
    );
  }
  refuse(body.Variables);
  const before = new Map(document.Variables.map((variable) => [variable.Id, variable]));
  const warnings: VariableWarning[] = [];
  const Variables = body.Variables.map((variable): StoredVariable => {
    const Id =
      before.has(variable.Id ?? '') || GUID.test(variable.Id ?? '') ? (variable.Id ?? '') : randomUUID();
    const IsSensitive = variable.IsSensitive === true || variable.Type === 'Sensitive';
    const kept = before.get(Id)?.Value ?? null;
    const secret = IsSensitive ? newSecret(variable.Value, kept) : undefined;
    if (secret !== undefined) {
      const Message = maskingWarning(variable.Name, secret);
      if (Message !== undefined) warnings.push({ VariableId: Id, Name: variable.Name, Message });
    }
    return {
      ...variable,
      Id,
      Type: IsSensitive ? 'Sensitive' : (variable.Type ?? 'String'),
      IsSensitive,
      Scope: variable.Scope ?? {},
      Value: IsSensitive
        ? sealedValue(keys, valuePlace(setId, Id), secret, variable.Value, kept)
        : (textOf(variable.Value) ?? null),
    };
  });
  return { document: { ...document, Variables, Version: document.Version + 1 }, warnings };
}

/** All complaints at once; each names the variable by its place, because a name may be what is wrong. */
function refuse(variables: readonly Variable[]): void {
  const complaints: string[] = [];
  const ids = new Set<string>();
  variables.forEach(({ Id = '', Name }, index) => {
    if (Name.trim() === '') complaints.push(`Variables.${index}.Name must not be blank.`);
    else if (CONTROL.test(Name)) {
      complaints.push(`Variables.${index}.Name contains characters that are not allowed.`);
    }
    if (Id === '') return;
    if (ids.has(Id)) {
      complaints.push(
        `Variables.${index}.Id: ${Id} is given twice. Leave the Id of the new variable "${Name}" empty.`,
      );
    }
    ids.add(Id);
  });
  if (complaints.length === 0) return;
  throw new Invalid(
    complaints.length === 1 ? `${complaints[0]}` : `The variables have ${complaints.length} problems.`,
    { errors: complaints },
  );
}

/** The text that is to be sealed now, if any: what was sent, or what an ordinary variable held until now. */
function newSecret(incoming: Variable['Value'], kept: StoredValue): string | undefined {
  const sent = textOf(incoming);
  if (sent !== undefined && sent !== '') return sent;
  return typeof kept === 'string' ? kept : undefined;
}

/** A new text is sealed; none keeps what is stored; `HasValue: false` removes it. */
function sealedValue(
  keys: KeyRing,
  place: Place,
  secret: string | undefined,
  incoming: Variable['Value'],
  kept: StoredValue,
): StoredValue {
  if (secret !== undefined) return { sealed: keys.seal(new Secret(secret), place) };
  const removes = typeof incoming === 'object' && incoming?.HasValue === false;
  return removes || !isSealed(kept) ? null : kept;
}

function textOf(value: Variable['Value']): string | undefined {
  return (typeof value === 'object' ? value?.NewValue : value) ?? undefined;
}
