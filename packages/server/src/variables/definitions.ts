/** The variables of stored sets in the form in which the rules of precedence are applied to them. */
import type { ScopeField } from '@argonaut/contracts/rest';
import type { Dimension, Scope, ScopedVariable } from '@argonaut/templates';
import type { Stored } from '../database/index.ts';
import type { StoredValue, StoredVariable, VariableSet } from './queries.ts';

/** One definition of a variable; several may have one name. */
export interface Definition extends ScopedVariable<StoredValue> {
  readonly id: string;
  /** The set or snapshot that it lies in: a sealed value opens only there. */
  readonly set: string;
  readonly sensitive: boolean;
  readonly stored: StoredVariable;
  /** A scope field with values that this server cannot match with anything: such a definition never applies. */
  readonly strangeScope: string | undefined;
}

const DIMENSIONS: Readonly<Record<ScopeField, Dimension>> = {
  Environment: 'environments',
  Machine: 'machines',
  Role: 'roles',
  Action: 'steps',
  Channel: 'channels',
  Tenant: 'tenants',
  TenantTag: 'tenantTags',
  ProcessOwner: 'processes',
  Project: 'projects',
};

/** In the order of the sets and of the variables in them: among duplicates the first counts. */
export function definitionsOf(sets: readonly Stored<VariableSet>[]): Definition[] {
  return sets.flatMap(({ id, document }) => {
    const origin = document.OwnerId.startsWith('LibraryVariableSets-') ? 'library' : 'project';
    return document.Variables.map((stored): Definition => {
      const { scope, strange } = readScope(stored.Scope);
      return {
        name: stored.Name,
        value: stored.Value,
        scope,
        origin,
        id: stored.Id,
        set: id,
        sensitive: stored.IsSensitive,
        stored,
        strangeScope: strange,
      };
    });
  });
}

/** Tags are compared without case, ids as they are. */
export function foldTags(tags: readonly string[] | undefined): readonly string[] | undefined {
  return tags?.map((tag) => tag.toLowerCase());
}

function readScope(written: StoredVariable['Scope']): {
  readonly scope: Scope;
  readonly strange: string | undefined;
} {
  const scope: { -readonly [D in Dimension]?: readonly string[] } = {};
  let strange: string | undefined;
  for (const field of Object.keys(written)) {
    const values = written[field] ?? [];
    if (values.length === 0) continue;
    if (!isScopeField(field)) {
      strange = field;
      continue;
    }
    const dimension = DIMENSIONS[field];
    scope[dimension] = field === 'Role' || field === 'TenantTag' ? (foldTags(values) ?? []) : values;
  }
  return { scope, strange };
}

function isScopeField(field: string): field is ScopeField {
  return Object.hasOwn(DIMENSIONS, field);
}
