/**
 * The variables of one task: its snapshots, resolved for the place that it runs in, with what was answered to prompts
 * and what the server itself knows. Made again after a restart; nothing of it is stored. Outputs of steps come on top in
 * `execution/`.
 */
import { NotFound, Secret } from '@argonaut/contracts';
import type { NamedSecret } from '@argonaut/contracts/attempt';
import type { Action, Scope, Variables } from '@argonaut/orchestrator';
import { createVariables, evaluate, isTruthy, resolveVariables, TOO_COSTLY } from '@argonaut/templates';
import type { KeyRing, Sealed, Place as SealedPlace, Stored } from '../database/index.ts';
import type { ActionVariables, TaskVariables } from '../execution/index.ts';
import type { SealedProperties } from '../processes/own-properties.ts';
import type { Services } from '../services.ts';
import { poolsIn } from '../workers/pools/queries.ts';
import { type Accounts, accountComplaint, accountFields, accountsFor, isAccountType } from './accounts.ts';
import { budgetForAll, Turns } from './costs.ts';
import { type Definition, definitionsOf } from './definitions.ts';
import { CERTIFICATE, certificateComplaint } from './doubts.ts';
import { GivenVariables } from './given-variables.ts';
import { maskingWarning } from './maskable.ts';
import { contextOf, type Place, type PlaceStep } from './place.ts';
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
  const resolved = new ResolvedScope(keys, definitions, input, {
    accounts: await accountsFor(
      database,
      input.space,
      definitions.map(({ stored }) => stored),
    ),
    pools: new Map(pools),
  });
  await resolved.collectSecrets(new Turns(() => performance.now()));
  return resolved;
}

/** Things of the space that variables name. */
interface Named {
  readonly accounts: Accounts;
  readonly pools: ReadonlyMap<string, string>;
}

/** Names whose value depends on the step, and all others: those are resolved once. */
class ResolvedScope implements TaskVariableScope {
  readonly nowMs: number;
  readonly secrets: NamedSecret[] = [];
  readonly pools: ReadonlyMap<string, string>;
  readonly #warnings = new Set<string>();
  readonly #keys: KeyRing;
  readonly #accounts: Accounts;
  readonly #answers: PromptAnswers | undefined;
  readonly #place: Place;
  readonly #system: Readonly<Record<string, string>>;
  readonly general: ActionVariables;
  readonly #general: GivenVariables;
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
    this.#place = input.place;
    const definitions = all.filter(({ strangeScope }) => strangeScope === undefined);
    // Among the tags of a target, those that the step is for count more.
    const tagged = input.place.machineRoles !== undefined;
    const dependsOnStep = ({ scope }: Definition) =>
      scope.steps !== undefined || (tagged && scope.roles !== undefined);
    const stepwise = new Set(definitions.filter(dependsOnStep).map(({ name }) => name.toLowerCase()));
    const isStepwise = ({ name }: Definition) => stepwise.has(name.toLowerCase());
    this.#bySteps = stepwise.size === 0 ? [] : definitions.filter(isStepwise);
    const once = stepwise.size === 0 ? definitions : definitions.filter((one) => !isStepwise(one));
    this.#general = this.#resolve(once, undefined, this.#warnings);
    this.general = this.#general.toRecords();
  }

  get warnings(): readonly string[] {
    return [...this.#warnings];
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
    const given = new GivenVariables(this.#general);
    given.add(this.#resolve(this.#bySteps, { id: action.id, settings: action.variables }, new Set()));
    given.setAll(action.variables ?? {});
    for (const property of this.#sealedProperties.get(action.id) ?? []) {
      given.set(property.name, this.#openOnce(property.sealed, property.place), true);
    }
    // Last, so that the true values win.
    given.setAll({ ...this.#system, ...actionVariables(action) });
    const made = given.toRecords();
    this.#ofAction.set(action.id, made);
    return made;
  }

  #resolve(
    definitions: readonly Definition[],
    step: PlaceStep | undefined,
    warnings: Set<string>,
  ): GivenVariables {
    const given = new GivenVariables();
    let suppressed: string | null = '';
    const duplicates: string[] = [];
    const { explanation } = resolveVariables(definitions, contextOf(this.#place, step));
    for (const { name, winner, losers } of explanation) {
      if (winner === null) continue;
      const { variable } = winner;
      const text = this.#textOf(variable);
      given.set(name, text, variable.sensitive);
      if (name === 'OctopusSuppressDuplicateVariableWarning') suppressed = text;
      if (isAccountType(variable.stored.Type)) this.#addAccount(variable, text, given, warnings);
      if (variable.stored.Type === CERTIFICATE) warnings.add(certificateComplaint(name));
      if (losers.some(({ reason }) => reason.kind === 'duplicate')) {
        duplicates.push(
          `The variable "${name}" has several values that are scoped alike. The first is used; remove the others.`,
        );
      }
    }
    if (!isTruthy(suppressed ?? '')) {
      for (const duplicate of duplicates) warnings.add(duplicate);
    }
    return given;
  }

  /** The fields of the account that a variable names; one that is defined by itself counts more. */
  #addAccount(
    { name, stored }: Definition,
    id: string | null,
    given: GivenVariables,
    warnings: Set<string>,
  ): void {
    if (id === null || id === '') return;
    const complaint = accountComplaint(stored, id, this.#accounts, this.#place.environment);
    const account = this.#accounts.get(id);
    if (complaint !== undefined || account === undefined) {
      warnings.add(complaint ?? '');
      return;
    }
    for (const field of accountFields(name, account, this.#keys)) {
      if (field.value !== undefined) given.setField(field.name, field.value, field.sensitive);
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

  /** Once, before anybody asks for them. As they evaluate, too, as far as that can be paid. */
  async collectSecrets(turns: Turns): Promise<void> {
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
    const budget = budgetForAll();
    const now = () => new Date(this.nowMs);
    for (const [name, text] of found) {
      if (text === null || text === '') continue;
      if (turns.isOver) await turns.next();
      this.secrets.push({ name, value: new Secret(text) });
      const { text: evaluated, error } = evaluate(text, variables, { now, budget });
      if (error === TOO_COSTLY) {
        this.#warnings.add(
          `What the sensitive variable "${name}" comes to is too costly to work out ahead. It is masked as it is written, and as it comes to in steps that read it. Look for loops inside loops.`,
        );
      }
      if (evaluated !== null && evaluated !== '' && evaluated !== text) {
        this.secrets.push({ name, value: new Secret(evaluated) });
      }
      const warning = maskingWarning(name, evaluated ?? text);
      if (warning !== undefined) this.#warnings.add(warning);
    }
  }
}
