/** What is odd about variables although it can be saved: scopes that fit nothing, definitions that are equal, names. */
import { SCOPE_FIELDS, type ScopeValues, type VariableWarning } from '@argonaut/contracts/rest';
import { references } from '@argonaut/templates';
import { type Accounts, accountComplaint, isAccountType } from './accounts.ts';
import type { StoredVariable, VariableSet } from './queries.ts';

/** Names that every template can refer to; others are looked at closely. */
const PLAIN = /^[\w.-]+$/;
/** More would help nobody. */
const MOST = 200;

export function doubtsAbout(
  { OwnerId, Variables }: Pick<VariableSet, 'OwnerId' | 'Variables'>,
  known: ScopeValues,
  things: Things,
): readonly VariableWarning[] {
  const isLibrary = OwnerId.startsWith('LibraryVariableSets-');
  const ids: Readonly<Record<string, ReadonlySet<string>>> = {
    Environment: idsOf(known.Environments),
    ...(isLibrary
      ? {}
      : {
          Action: idsOf(known.Actions),
          Channel: idsOf(known.Channels),
          ProcessOwner: idsOf(known.Processes),
        }),
  };
  const seen = new Set<string>();
  const warnings: VariableWarning[] = [];
  for (const variable of Variables) {
    if (warnings.length >= MOST) break;
    const doubts = [
      ...doubtsOfOne(variable, ids, isLibrary),
      ...doubtsOfValue(variable, things),
      ...duplicate(variable, seen),
    ];
    for (const Message of doubts) {
      warnings.push({ VariableId: variable.Id, Name: variable.Name, Message });
    }
  }
  return warnings;
}

/** The type of variables that name certificates. */
export const CERTIFICATE = 'Certificate';

/** The value is kept as it was written, so that a set from elsewhere can be saved. */
export function certificateComplaint(name: string): string {
  return `The variable "${name}" names a certificate, and this server keeps none: what it is called is kept, but "${name}.Pfx", "${name}.Thumbprint" and its other fields do not exist. Put the certificate into a sensitive variable.`;
}

/** What the values of variables name. */
export interface Things {
  readonly accounts: Accounts;
  readonly pools: ReadonlySet<string>;
}

/** A value may be a template, or be asked for later; what is written must fit. */
function* doubtsOfValue({ Name, Type, Value }: StoredVariable, things: Things): Iterable<string> {
  if (Type === CERTIFICATE) yield certificateComplaint(Name);
  if (typeof Value !== 'string' || Value === '' || Value.includes('#{')) return;
  if (isAccountType(Type)) {
    const complaint = accountComplaint({ Name, Type }, Value, things.accounts);
    if (complaint !== undefined) yield complaint;
  } else if (Type === 'WorkerPool' && !things.pools.has(Value)) {
    yield `The variable "${Name}" names the worker pool ${Value}, which does not exist in this space. Its value is the id of a pool.`;
  }
}

function* doubtsOfOne(
  { Name, Scope }: StoredVariable,
  ids: Readonly<Record<string, ReadonlySet<string>>>,
  isLibrary: boolean,
): Iterable<string> {
  if (!PLAIN.test(Name) && !isReachable(Name)) {
    yield `No template can refer to the name "${Name}": it cannot be read as the name of a variable.`;
  }
  for (const [field, values] of Object.entries(Scope)) {
    if (values.length === 0) continue;
    if (!SCOPE_FIELDS.some((name) => name === field)) {
      yield `"${Name}" is scoped by ${field}, which this server does not know. The value is never used.`;
    } else if (isLibrary && (field === 'Action' || field === 'Channel')) {
      yield `"${Name}" is scoped by ${field}, which belongs to a single project. In a library set only that project can match it.`;
    } else {
      const unknown = values.filter((value) => ids[field] !== undefined && !ids[field].has(value));
      if (unknown.length > 0) {
        yield `"${Name}" is scoped to ${unknown.join(', ')} (${field}), which does not exist here.`;
      }
    }
  }
}

function* duplicate({ Name, Scope }: StoredVariable, seen: Set<string>): Iterable<string> {
  const scope = Object.entries(Scope)
    .filter(([, values]) => values.length > 0)
    .map(([field, values]) => [field, [...values].sort()] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const key = JSON.stringify([Name.toLowerCase(), scope]);
  if (seen.has(key)) {
    yield `"${Name}" is defined more than once with this scope. The first definition is used; remove the others.`;
  }
  seen.add(key);
}

function isReachable(name: string): boolean {
  const bare = (text: string | undefined) => text?.replaceAll(/\s/g, '').toLowerCase();
  return references(`#{${name}}`).some((path) => bare(path) === bare(name));
}

function idsOf(values: readonly { readonly Id: string }[]): ReadonlySet<string> {
  return new Set(values.map(({ Id }) => Id));
}
