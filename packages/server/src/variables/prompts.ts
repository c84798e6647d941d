/**
 * Prompted variables: asked for when something is deployed or run. Answers are kept with the deployment, by the id of
 * the variable; those to sensitive variables are sealed.
 */
import { Invalid, Secret } from '@argonaut/contracts';
import { foldCase, resolveVariables } from '@argonaut/templates';
import type { KeyRing, Sealed, Place as SealedPlace } from '../database/index.ts';
import type { Services } from '../services.ts';
import { type Definition, definitionsOf } from './definitions.ts';
import { contextOf, type Place } from './place.ts';
import { variableSetsIn } from './queries.ts';

export interface PromptAnswers {
  /** The deployment or run that they were given for; sealed answers open only with it. */
  readonly owner: string;
  /** By the id of the variable. */
  readonly values: Readonly<Record<string, string | Sealed>>;
}

/** One field of the form that a deployment shows. */
export interface PromptField {
  readonly variableId: string;
  readonly name: string;
  readonly label: string;
  readonly description: string;
  readonly required: boolean;
  readonly type: string;
  readonly sensitive: boolean;
  /** What stands there already; null for secrets. */
  readonly value: string | null;
  readonly displaySettings: Readonly<Record<string, string>>;
}

export interface PromptQuestion {
  readonly space: string;
  /** Frozen sets, the project's first. */
  readonly snapshots: readonly string[];
  readonly place: Place;
}

/** What a deployment to this place has to be asked for, by label. */
export async function promptsFor(
  services: Pick<Services, 'database'>,
  question: PromptQuestion,
): Promise<readonly PromptField[]> {
  const fields = (await prompted(services, question)).map(fieldOf);
  return fields.sort((a, b) => a.label.localeCompare(b.label, 'en'));
}

/**
 * Reads what a person answered: by the variable's id, name or label. Answers to variables that are not asked for here
 * are passed over, as Octopus does; a null or empty answer leaves what is stored.
 * @throws Invalid listing every required variable that would be blank.
 */
export async function acceptAnswers(
  services: Pick<Services, 'database' | 'keys'>,
  question: PromptQuestion & {
    readonly owner: string;
    readonly given: Readonly<Record<string, string | null | { readonly NewValue?: string | null }>>;
  },
): Promise<PromptAnswers> {
  const given = new Map(
    Object.entries(question.given).map(([key, value]) => [key.toLowerCase(), textOf(value)]),
  );
  const values: Record<string, string | Sealed> = {};
  const missing: string[] = [];
  for (const definition of await prompted(services, question)) {
    const field = fieldOf(definition);
    const keys = [definition.id, definition.name, field.label];
    const answer = keys.map((key) => given.get(key.toLowerCase())).find((value) => value !== undefined);
    if (answer !== undefined && answer !== '') {
      const place = answerPlace(question.owner, definition.id);
      values[definition.id] = definition.sensitive
        ? { sealed: services.keys.seal(new Secret(answer), place) }
        : answer;
    }
    const { value } = definition;
    const isBlank = value === null || (typeof value === 'string' && value.trim() === '');
    if (field.required && (answer === undefined ? isBlank : answer.trim() === '')) missing.push(field.label);
  }
  if (missing.length > 0) {
    throw new Invalid(
      missing.length === 1
        ? `The variable "${missing[0]}" needs a value. Give it with the request.`
        : `${missing.length} variables need a value. Give them with the request.`,
      { errors: missing.map((label) => `The variable "${label}" needs a value.`) },
    );
  }
  return { owner: question.owner, values };
}

/** The text of an answer, for the code that runs the task. */
export function openAnswer(keys: KeyRing, answers: PromptAnswers, variableId: string): string | undefined {
  const value = answers.values[variableId];
  if (value === undefined || typeof value === 'string') return value;
  return keys.open(value.sealed, answerPlace(answers.owner, variableId)).reveal();
}

/** Where the sealed answer to a prompt lives. */
export function answerPlace(owner: string, variableId: string): SealedPlace {
  return { kind: 'PromptAnswers', id: owner, field: variableId };
}

/** The definitions with a prompt that hold in this place, for some step. */
async function prompted(
  { database }: Pick<Services, 'database'>,
  { space, snapshots, place }: PromptQuestion,
): Promise<readonly Definition[]> {
  const collection = variableSetsIn(database);
  const sets = await Promise.all(snapshots.map((id) => collection.get(id, space)));
  const all = definitionsOf(sets).filter(({ strangeScope }) => strangeScope === undefined);
  const asked = new Set(all.filter(({ stored }) => stored.Prompt).map(({ name }) => foldCase(name)));
  // Those without a prompt, too: where one of them holds there is nothing to ask.
  const definitions = all.filter(({ name }) => asked.has(foldCase(name)));
  const steps = new Set(definitions.flatMap(({ scope }) => scope.steps ?? []));
  const found = new Set<Definition>();
  for (const step of [undefined, ...steps]) {
    const context = contextOf(place, step === undefined ? undefined : { id: step });
    for (const { winner } of resolveVariables(definitions, context).explanation) {
      if (winner?.variable.stored.Prompt) found.add(winner.variable);
    }
  }
  return [...found];
}

function fieldOf({ id, name, stored, sensitive, value }: Definition): PromptField {
  const prompt = stored.Prompt;
  return {
    variableId: id,
    name,
    label: prompt?.Label || name,
    description: prompt?.Description ?? '',
    required: prompt?.Required ?? false,
    type: stored.Type,
    sensitive,
    value: typeof value === 'string' ? value : null,
    displaySettings: prompt?.DisplaySettings ?? {},
  };
}

function textOf(value: string | null | { readonly NewValue?: string | null }): string | undefined {
  const text = typeof value === 'object' ? value?.NewValue : value;
  return text ?? undefined;
}
