/**
 * "Evaluate as": for a place, which definition of each variable holds, what it comes to, and why the others do not.
 * Sealed values are never opened here; where one would stand, asterisks do.
 */
import { setImmediate as turn } from 'node:timers/promises';
import type { EvaluatedVariable, Evaluation } from '@argonaut/contracts/rest';
import {
  createVariables,
  describeLoss,
  type Explanation,
  evaluate,
  resolveVariables,
  type Variables,
} from '@argonaut/templates';
import { type Accounts, accountFields, isAccountType } from './accounts.ts';
import { presentVariable, shownValue } from './codec.ts';
import { type Definition, definitionsOf } from './definitions.ts';
import { SYSTEM_NAMES } from './system.ts';
import type { Whereabouts } from './whereabouts.ts';

const HIDDEN = '********';
/** Other requests get their turn after so many variables. */
const AT_A_TIME = 200;

export interface EvaluationOptions {
  readonly now: () => Date;
  /** Ends the work when nobody waits for it any more. */
  readonly signal: AbortSignal;
  /** One variable only. */
  readonly name?: string | undefined;
}

export async function evaluateAs(
  { sets, context, system, accounts }: Whereabouts,
  { now, signal, name }: EvaluationOptions,
): Promise<Evaluation> {
  const definitions = definitionsOf(sets);
  const { usable, strange } = partition(definitions);
  const { explanation } = resolveVariables(usable, context);
  const values: Record<string, string | null> = {};
  for (const { name: key, winner } of explanation) {
    if (winner !== null)
      values[key] = winner.variable.sensitive ? HIDDEN : shownValue(winner.variable.stored);
  }
  const variables = createVariables({ ...accountValues(explanation, accounts), ...values, ...system });
  const wanted = name?.toLowerCase();
  const found: EvaluatedVariable[] = [];
  for (const [index, explained] of [...explanation, ...onlyStrange(explanation, strange)].entries()) {
    if (index % AT_A_TIME === AT_A_TIME - 1) {
      await turn();
      signal.throwIfAborted();
    }
    if (wanted !== undefined && explained.name.toLowerCase() !== wanted) continue;
    found.push(describe(explained, strange.get(explained.name.toLowerCase()) ?? [], variables, now));
  }
  const hidden = new Set(SYSTEM_NAMES.map((one) => one.toLowerCase()));
  return {
    Variables: found.sort((a, b) => (a.Name.toLowerCase() < b.Name.toLowerCase() ? -1 : 1)),
    Warnings: found
      .filter(({ Name }) => hidden.has(Name.toLowerCase()))
      .map(({ Name }) => `The server defines "${Name}" itself; the value given here is not used.`),
  };
}

/** The fields of the accounts that variables name, which other variables may refer to. */
function accountValues(
  explanation: readonly Explanation<Definition>[],
  accounts: Accounts,
): Record<string, string> {
  const values: Record<string, string> = {};
  for (const { name, winner } of explanation) {
    if (winner === null || !isAccountType(winner.variable.stored.Type)) continue;
    const account = accounts.get(shownValue(winner.variable.stored) ?? '');
    for (const field of account ? accountFields(name, account) : []) {
      values[field.name] = field.sensitive ? HIDDEN : (field.value ?? '');
    }
  }
  return values;
}

/** The variables that hold in a place, as resources: Octopus's preview. */
export function previewOf({ sets, context }: Whereabouts) {
  const { usable } = partition(definitionsOf(sets));
  return resolveVariables(usable, context).explanation.flatMap(({ winner }) =>
    winner === null ? [] : [presentVariable(winner.variable.stored)],
  );
}

function describe(
  { name, winner, losers }: Explanation<Definition>,
  strange: readonly Definition[],
  variables: Variables,
  now: () => Date,
): EvaluatedVariable {
  const written = winner === null ? null : shownValue(winner.variable.stored);
  const isSensitive = winner?.variable.sensitive ?? false;
  const result =
    isSensitive || written === null
      ? { text: isSensitive ? HIDDEN : null, error: null }
      : evaluate(written, variables, { now });
  return {
    Name: name,
    IsSensitive: isSensitive,
    Value: result.text,
    Error: result.error,
    Winner: winner === null ? null : { ...present(winner.variable), Rank: winner.rank },
    Losers: [
      ...losers.map(({ variable, reason }) => ({ ...present(variable), Reason: describeLoss(reason) })),
      ...strange.map((variable) => ({
        ...present(variable),
        Reason: `It is scoped by ${variable.strangeScope}, which this server does not know.`,
      })),
    ],
  };
}

function present({ stored, set, origin, sensitive }: Definition) {
  const { Scope } = presentVariable(stored);
  return {
    VariableId: stored.Id,
    VariableSetId: set,
    Origin: origin,
    IsSensitive: sensitive,
    Value: shownValue(stored),
    Scope: Scope ?? {},
  };
}

function partition(definitions: readonly Definition[]) {
  const usable: Definition[] = [];
  const strange = new Map<string, Definition[]>();
  for (const definition of definitions) {
    if (definition.strangeScope === undefined) usable.push(definition);
    else {
      const key = definition.name.toLowerCase();
      strange.set(key, [...(strange.get(key) ?? []), definition]);
    }
  }
  return { usable, strange };
}

/** Variables of which no definition can apply on this server still show up, with the reason. */
function onlyStrange(
  explained: readonly Explanation<Definition>[],
  strange: ReadonlyMap<string, readonly Definition[]>,
): Explanation<Definition>[] {
  const known = new Set(explained.map(({ name }) => name.toLowerCase()));
  return [...strange]
    .filter(([key]) => !known.has(key))
    .map(([key, [first]]) => ({ name: first?.name ?? key, winner: null, losers: [] }));
}
