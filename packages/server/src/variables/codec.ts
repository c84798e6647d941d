/** Variable sets on the wire. Sensitive values never leave: a reader sees that a variable is sensitive, and null. */
import type { ScopeValues, Variable } from '@argonaut/contracts/rest';
import type { Stored } from '../database/index.ts';
import { isSealed, type StoredVariable, type VariableSet } from './queries.ts';

export function present({ id, spaceId, document }: Stored<VariableSet>, scopeValues: ScopeValues) {
  const { OwnerId } = document;
  const owner = OwnerId.startsWith('LibraryVariableSets-') ? 'libraryvariablesets' : 'projects';
  return {
    Id: id,
    OwnerId,
    SpaceId: spaceId,
    Version: document.Version,
    Variables: document.Variables.map(presentVariable),
    ScopeValues: scopeValues,
    Links: {
      Self: `/api/${spaceId}/variables/${id}`,
      [owner === 'projects' ? 'Project' : 'LibraryVariableSet']: `/api/${spaceId}/${owner}/${OwnerId}`,
    },
  };
}

export function presentVariable(variable: StoredVariable): Variable {
  const Scope = Object.fromEntries(Object.entries(variable.Scope).map(([field, ids]) => [field, [...ids]]));
  return { ...variable, Scope, Value: shownValue(variable) };
}

/** A text of a sensitive variable is hidden too, should one ever lie there unsealed. */
export function shownValue({ Value, IsSensitive }: StoredVariable): string | null {
  return IsSensitive || isSealed(Value) ? null : Value;
}
