/**
 * The variables of one task: its snapshots, resolved for the place that it runs in, with what was answered to prompts
 * and what the server itself knows. Made again after a restart; nothing of it is stored. Outputs of steps come on top in
 * `execution/`.
 */
import { NotFound, Secret } from '@argonaut/contracts';
import type { NamedSecret } from '@argonaut/contracts/attempt';
import type { Action, Scope, Variables } from '@argonaut/orchestrator';
import {
  createVariables,
  evaluate,
  isTruthy,
  resolveVariables,
  type ScopeContext,
} from '@argonaut/templates';
import type { KeyRing, Sealed, Place as SealedPlace, Stored } from '../database/index.ts';
import type { ActionVariables, TaskVariables } from '../execution/index.ts';
import type { SealedProperties } from '../processes/own-properties.ts';
import type { Services } from '../services.ts';
import { poolsIn } from '../workers/pools/queries.ts';
import { type Accounts, accountComplaint, accountFields, accountsFor, isAccountType } from './accounts.ts';
import { type Definition, definitionsOf } from './definitions.ts';
import { maskingWarning } from './maskable.ts';
import { contextOf, type Place } from './place.ts';
import { openAnswer, type PromptAnswers } from './prompts.ts';
import { isSealed, type StoredValue, type VariableSet, valuePlace, variableSetsIn } from './queries.ts';
import { actionVariables, type SystemContext, systemVariables } from './system.ts';

export interface ScopeInput {
  readonly space: string;
  /** Frozen sets, the project's first. */
  readonly snapshots: readonly string[];
  readonly place: Place;
  readonly system: SystemContext;
  readonly answers?: PromptAnswers | undefined;
  /** Secret settings of the steps; each is a sensitive variable of its own action. */
  readonly sealedProperties?: SealedProperties;
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
}

export interface TaskVariableScope extends Scope, TaskVariables {
  of(action: Action, step: { readonly id: string; readonly name: string }): ActionVariables;
  /** What holds for every step alike, without what the server itself knows. */
  readonly general: ActionVariables;
  /** Every sensitive value that holds for some step: as it is written, and as it evaluates. */
  readonly secrets: readonly NamedSecret[];
  /** For the task log: values that cannot be masked, definitions that are equal. */
  readonly warnings: readonly string[];
}

/** @throws NotFound when a snapshot is not in this space any more; InfrastructureFailure when a secret does not open. */
export async function createScope(
  { database, keys }: Pick<Services, 'database' | 'keys'>,
  input: ScopeInput,
): Promise<TaskVariableScope> {
  const collection = variableSetsIn(database);
  const sets: Stored<VariableSet>[] = [];
  for (const id of input.snapshots) {
    const found = await collection.find(id, input.space);
    if (found === undefined) {
      throw new NotFound(
        `The variable snapshot "${id}" does not exist any more. Update the variables of the release or make a new one.`,
      );
    }
    sets.push(found);
  }
  const definitions = definitionsOf(sets);
  const pools = (await poolsIn(database).all({ space: input.space })).map(
    ({ id, document }) => [id, document.Name] as const,
  );
  return new ResolvedScope(keys, definitions, input, {
    accounts: await accountsFor(
      database,
      input.space,
      definitions.map(({ stored }) => stored),
    ),
    pools: new Map(pools),
  });
}

/** Things of the space that variables name. */
interface Named {
  readonly accounts: Accounts;
  readonly pools: ReadonlyMap<string, string>;
}

/** Names whose value depends on the step, and all others: those are resolved once. */
class ResolvedScope implements TaskVariableScope {
  readonly nowMs: number;
  readonly secrets: readonly NamedSecret[];
  readonly warnings: readonly string[];
  readonly pools: ReadonlyMap<string, string>;
  readonly #keys: KeyRing;
  readonly #accounts: Accounts;
  readonly #answers: PromptAnswers | undefined;
  readonly #context: ScopeContext;
  readonly #system: Readonly<Record<string, string>>;
  readonly general: ActionVariables;
  readonly #bySteps: readonly Definition[];
  readonly #ofAction = new Map<string, ActionVariables>();
  readonly #sealedProperties: SealedProperties;
  readonly #opened = new Map<string, string>();

  constructor(keys: KeyRing, all: readonly Definition[], input: ScopeInput, { accounts, pools }: Named) {
    this.#keys = keys;
    this.#accounts = accounts;
    this.pools = pools;
    this.nowMs = input.nowMs;
    this.#answers = input.answers;
    this.#sealedProperties = input.sealedProperties ?? new Map();
    this.#system = systemVariables(input.system);
    this.#context = contextOf(input.place);
    const definitions = all.filter(({ strangeScope }) => strangeScope === undefined);
    const stepwise = new Set(
      definitions.filter(({ scope }) => scope.steps !== undefined).map(({ name }) => name.toLowerCase()),
    );
    const isStepwise = ({ name }: Definition) => stepwise.has(name.toLowerCase());
    this.#bySteps = stepwise.size === 0 ? [] : definitions.filter(isStepwise);
    const warnings = new Set<string>();
    const once = stepwise.size === 0 ? definitions : definitions.filter((one) => !isStepwise(one));
    this.general = this.#resolve(once, this.#context, warnings);
    this.secrets = this.#collectSecrets(warnings);
    this.warnings = [...warnings];
  }

  variables(action: Action, step: { readonly id: string; readonly name: string }): Variables {
    return this.of(action, step).values;
  }

  sensitive(action: Action, step: { readonly id: string; readonly name: string }): ReadonlySet<string> {
    return this.of(action, step).sensitive;
  }

  of(action: Action, _step: { readonly id: string; readonly name: string }): ActionVariables {
    const known = this.#ofAction.get(action.id);
    if (known !== undefined) return known;
    const stepwise = this.#resolve(this.#bySteps, { ...this.#context, step: action.id }, new Set());
    const sensitive = new Set([...this.general.sensitive, ...stepwise.sensitive]);
    const values: Record<string, string | null> = { ...this.general.values, ...stepwise.values };
    const replace = (own: Readonly<Record<string, string>>): void => {
      for (const [name, value] of Object.entries(own)) {
        values[name] = value;
        // A variable that is hidden by one has nothing left to mask.
        sensitive.delete(name);
      }
    };
    replace(action.variables ?? {});
    for (const property of this.#sealedProperties.get(action.id) ?? []) {
      values[property.name] = this.#openOnce(property.sealed, property.place);
      sensitive.add(property.name);
    }
    // Last, so that the true values win.
    replace({ ...this.#system, ...actionVariables(action) });
    const made = { values, sensitive };
    this.#ofAction.set(action.id, made);
    return made;
  }

  #resolve(
    definitions: readonly Definition[],
    context: ScopeContext,
    warnings: Set<string>,
  ): ActionVariables {
    const values: Record<string, string | null> = {};
    const sensitive = new Set<string>();
    const duplicates: string[] = [];
    for (const { name, winner, losers } of resolveVariables(definitions, context).explanation) {
      if (winner === null) continue;
      const { variable } = winner;
      values[name] = this.#textOf(variable);
      if (variable.sensitive) sensitive.add(name);
      if (isAccountType(variable.stored.Type)) this.#addAccount(variable, values, sensitive, warnings);
      if (losers.some(({ reason }) => reason.kind === 'duplicate')) {
        duplicates.push(
          `The variable "${name}" has several values that are scoped alike. The first is used; remove the others.`,
        );
      }
    }
    if (!isTruthy(values.OctopusSuppressDuplicateVariableWarning ?? '')) {
      for (const duplicate of duplicates) warnings.add(duplicate);
    }
    return { values, sensitive };
  }

  /** The fields of the account that a variable names; one that is defined by itself counts more. */
  #addAccount(
    { name, stored }: Definition,
    values: Record<string, string | null>,
    sensitive: Set<string>,
    warnings: Set<string>,
  ): void {
    const id = values[name];
    if (id === null || id === undefined || id === '') return;
    const complaint = accountComplaint(stored, id, this.#accounts, this.#context.environment);
    const account = this.#accounts.get(id);
    if (complaint !== undefined || account === undefined) {
      warnings.add(complaint ?? '');
      return;
    }
    for (const field of accountFields(name, account, this.#keys)) {
      if (field.value === undefined || values[field.name] !== undefined) continue;
      values[field.name] = field.value;
      if (field.sensitive) sensitive.add(field.name);
    }
  }

  /** What was answered to its prompt, else what is stored. */
  #textOf(definition: Definition): string | null {
    const answer = this.#answers?.values[definition.id];
    if (answer !== undefined && this.#answers !== undefined) {
      return openAnswer(this.#keys, this.#answers, definition.id) ?? null;
    }
    return this.#open(definition.set, definition.id, definition.value);
  }

  #open(set: string, id: string, value: StoredValue): string | null {
    return isSealed(value) ? this.#openOnce(value, valuePlace(set, id)) : value;
  }

  #openOnce({ sealed }: Sealed, place: SealedPlace): string {
    const known = this.#opened.get(sealed);
    if (known !== undefined) return known;
    const text = this.#keys.open(sealed, place).reveal();
    this.#opened.set(sealed, text);
    return text;
  }

  #collectSecrets(warnings: Set<string>): readonly NamedSecret[] {
    const found: [name: string, text: string | null][] = [...this.general.sensitive].map((name) => [
      name,
      this.general.values[name] ?? null,
    ]);
    // Whatever step they belong to: what one step may read must not stand in another's log either.
    for (const definition of this.#bySteps) {
      if (definition.sensitive) found.push([definition.name, this.#textOf(definition)]);
      const account = isAccountType(definition.stored.Type)
        ? this.#accounts.get(this.#textOf(definition) ?? '')
        : undefined;
      for (const field of account ? accountFields(definition.name, account, this.#keys) : []) {
        if (field.sensitive) found.push([field.name, field.value ?? null]);
      }
    }
    for (const properties of this.#sealedProperties.values()) {
      for (const property of properties)
        found.push([property.name, this.#openOnce(property.sealed, property.place)]);
    }
    const variables = createVariables({ ...this.general.values, ...this.#system });
    const secrets: NamedSecret[] = [];
    for (const [name, text] of found) {
      if (text === null || text === '') continue;
      secrets.push({ name, value: new Secret(text) });
      const evaluated = evaluate(text, variables, { now: () => new Date(this.nowMs) }).text;
      if (evaluated !== null && evaluated !== '' && evaluated !== text) {
        secrets.push({ name, value: new Secret(evaluated) });
      }
      const warning = maskingWarning(name, evaluated ?? text);
      if (warning !== undefined) warnings.add(warning);
    }
    return secrets;
  }
}
