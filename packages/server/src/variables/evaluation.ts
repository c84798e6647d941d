/**
 * "Evaluate as": for a place, which definition of each variable holds, what it comes to, and why the others do not.
 * Sealed values are never opened here; where one would stand, asterisks do.
 */
import type { EvaluatedVariable, Evaluation } from '@argonaut/contracts/rest';
import {
  type Budget,
  createVariables,
  describeLoss,
  type Explanation,
  evaluate,
  foldCase,
  resolveVariables,
  TOO_COSTLY,
  type Variables,
} from '@argonaut/templates';
import { type Accounts, accountFields, isAccountType } from './accounts.ts';
import type { Around } from './around.ts';
import { presentVariable, shownValue } from './codec.ts';
import { budgetForAll, Turns } from './costs.ts';
import { type Definition, definitionsOf } from './definitions.ts';
import { CERTIFICATE, certificateComplaint } from './doubts.ts';
import { GivenVariables } from './given-variables.ts';
import { SYSTEM_NAMES } from './system.ts';
import type { Whereabouts } from './whereabouts.ts';

const HIDDEN = '********';
const BY_SERVER = 'The server defines it, and its value counts.';
const BY_STEP = 'A setting of the step has this name and counts more.';
const LATE = 'known only when it runs';

export interface EvaluationOptions {
  readonly now: () => Date;
  /** Milliseconds of a clock that only goes forward: after a while other requests get their turn. */
  readonly clock: () => number;
  /** Ends the work when nobody waits for it any more. */
  readonly signal: AbortSignal;
  /** One variable only. */
  readonly name?: string | undefined;
}

export async function evaluateAs(
  where: Whereabouts,
  { now, clock, signal, name }: EvaluationOptions,
): Promise<Evaluation> {
  const { sets, context, around, accounts } = where;
  const { usable, strange } = partition(definitionsOf(sets));
  const turns = new Turns(clock, signal);
  if (turns.isOver) await turns.next();
  const explanation = await resolvedInTurns(usable, context, turns);
  const hidden = hiddenNames(around);
  const work: Work = {
    variables: createVariables(valuesOf(explanation, accounts, around)),
    hidden,
    late: around.late,
    strange,
    now,
    budget: budgetForAll(),
  };
  if (turns.isOver) await turns.next();
  const wanted = name === undefined ? undefined : foldCase(name);
  const found: [key: string, EvaluatedVariable][] = [];
  const missing: string[] = [];
  for (const explained of [...explanation, ...onlyStrange(explanation, strange)]) {
    if (turns.isOver) await turns.next();
    const key = foldCase(explained.name);
    if (wanted !== undefined && key !== wanted) continue;
    found.push([key, describe(key, explained, work)]);
    if (explained.winner?.variable.stored.Type === CERTIFICATE)
      missing.push(certificateComplaint(explained.name));
  }
  found.sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    Variables: found.map(([, variable]) => variable),
    Warnings: [...found.flatMap(([key, { Name }]) => warningAbout(key, Name, hidden)), ...missing],
  };
}

/** Names that are resolved without a look at the clock. */
const AT_ONCE = 1000;

/** Which definitions hold: names do not depend on each other, so they need not be resolved in one go. */
async function resolvedInTurns(
  definitions: readonly Definition[],
  context: Whereabouts['context'],
  turns: Turns,
): Promise<readonly Explanation<Definition>[]> {
  const byName = Map.groupBy(definitions, ({ name }) => foldCase(name));
  const names = [...byName.values()];
  const explanation: Explanation<Definition>[] = [];
  for (let start = 0; start < names.length; start += AT_ONCE) {
    if (turns.isOver) await turns.next();
    const some = resolveVariables(names.slice(start, start + AT_ONCE).flat(), context);
    for (const explained of some.explanation) explanation.push(explained);
  }
  return explanation;
}

/** Whose value counts instead of a definition, by folded name: its text, or null where only a run knows it. */
type Hidden = ReadonlyMap<string, { readonly value: string | null; readonly reason: string }>;

function hiddenNames({ settings, secretSettings, system, late }: Around): Hidden {
  return new Map<string, { readonly value: string | null; readonly reason: string }>([
    ...Object.entries(settings).map(([name, value]) => [foldCase(name), { value, reason: BY_STEP }] as const),
    ...secretSettings.map((name) => [foldCase(name), { value: HIDDEN, reason: BY_STEP }] as const),
    ...late.map((name) => [foldCase(name), { value: null, reason: BY_SERVER }] as const),
    ...Object.entries(system).map(([name, value]) => [foldCase(name), { value, reason: BY_SERVER }] as const),
  ]);
}

const SERVERS_OWN: ReadonlySet<string> = new Set(SYSTEM_NAMES.map(foldCase));

function warningAbout(key: string, name: string, hidden: Hidden): readonly string[] {
  const reason = hidden.get(key)?.reason;
  if (reason === BY_SERVER) return [`The server defines "${name}" itself; the value given here is not used.`];
  if (reason === BY_STEP)
    return [`A setting of the step is named "${name}", too; the value given here is not used.`];
  return SERVERS_OWN.has(key)
    ? [`The server may define "${name}" itself when it runs; the value given here is then not used.`]
    : [];
}

/** Every value that templates can refer to there, secrets as asterisks. */
function valuesOf(
  explanation: readonly Explanation<Definition>[],
  accounts: Accounts,
  around: Around,
): Readonly<Record<string, string | null>> {
  const given = new GivenVariables();
  const late = new Set(around.late.map(foldCase));
  for (const { name, winner } of explanation) {
    if (winner === null || late.has(foldCase(name))) continue;
    const { stored, sensitive } = winner.variable;
    given.set(name, sensitive ? HIDDEN : shownValue(stored));
    const account = isAccountType(stored.Type) ? accounts.get(shownValue(stored) ?? '') : undefined;
    for (const field of account ? accountFields(name, account) : []) {
      given.setField(field.name, field.sensitive ? HIDDEN : (field.value ?? ''), false);
    }
  }
  given.setAll(around.settings);
  for (const name of around.secretSettings) given.set(name, HIDDEN);
  given.setAll(around.system);
  return given.toRecords().values;
}

/** The variables that hold in a place, as resources: Octopus's preview. */
export function previewOf({ sets, context }: Whereabouts) {
  const { usable } = partition(definitionsOf(sets));
  return resolveVariables(usable, context).explanation.flatMap(({ winner }) =>
    winner === null ? [] : [presentVariable(winner.variable.stored)],
  );
}

interface Work {
  readonly variables: Variables;
  readonly hidden: Hidden;
  readonly late: readonly string[];
  readonly strange: ReadonlyMap<string, readonly Definition[]>;
  readonly now: () => Date;
  readonly budget: Budget;
}

function describe(
  key: string,
  { name, winner, losers }: Explanation<Definition>,
  work: Work,
): EvaluatedVariable {
  const hiding = work.hidden.get(key);
  const isSensitive = hiding === undefined && (winner?.variable.sensitive ?? false);
  const written = hiding === undefined ? winner && shownValue(winner.variable.stored) : hiding.value;
  return {
    Name: name,
    IsSensitive: isSensitive,
    ...comesTo(isSensitive ? HIDDEN : written, hiding !== undefined && written === null, work),
    Winner:
      winner === null || hiding !== undefined ? null : { ...present(winner.variable), Rank: winner.rank },
    Losers: [
      ...(winner !== null && hiding !== undefined
        ? [{ ...present(winner.variable), Reason: hiding.reason }]
        : []),
      ...losers.map(({ variable, reason }) => ({ ...present(variable), Reason: describeLoss(reason) })),
      ...(work.strange.get(key) ?? []).map((variable) => ({
        ...present(variable),
        Reason: `It is scoped by ${variable.strangeScope}, which this server does not know.`,
      })),
    ],
  };
}

function comesTo(
  written: string | null,
  isLate: boolean,
  { variables, now, budget, late }: Work,
): Pick<EvaluatedVariable, 'Value' | 'Error'> {
  if (isLate) return { Value: null, Error: `The server defines it: ${LATE}.` };
  if (written === null) return { Value: null, Error: null };
  const { text, error } = evaluate(written, variables, { now, budget });
  if (error === TOO_COSTLY) {
    return {
      Value: null,
      Error: `${TOO_COSTLY} All that is asked for at once may cost so much only. Ask for this variable alone, by "name"; if that does not help, look for loops inside loops and for values that name each other many times.`,
    };
  }
  const folded = error === null ? '' : foldCase(error);
  const waiting = late.filter((name) => folded.includes(foldCase(name)));
  return {
    Value: text,
    Error: waiting.length === 0 ? error : `${error} Of the server's own, ${LATE}: ${waiting.join(', ')}.`,
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
      const key = foldCase(definition.name);
      const known = strange.get(key);
      if (known === undefined) strange.set(key, [definition]);
      else known.push(definition);
    }
  }
  return { usable, strange };
}

/** Variables of which no definition can apply on this server still show up, with the reason. */
function onlyStrange(
  explained: readonly Explanation<Definition>[],
  strange: ReadonlyMap<string, readonly Definition[]>,
): Explanation<Definition>[] {
  const known = new Set(explained.map(({ name }) => foldCase(name)));
  return [...strange]
    .filter(([key]) => !known.has(key))
    .map(([key, [first]]) => ({ name: first?.name ?? key, winner: null, losers: [] }));
}
