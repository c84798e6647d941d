/**
 * The settings of a step and its action as variables of that action. Plain ones go into the typed process; sealed ones
 * never do, because plans are stored: they are opened from the frozen process whenever the variables of a task are made.
 */
import type { Place, Sealed, Stored } from '../database/index.ts';
import { propertyPlace } from './accept.ts';
import type { Process, StoredAction, StoredProperties, StoredProperty, StoredStep } from './queries.ts';

/** A setting that is still sealed, and where it was sealed to. */
export interface SealedProperty {
  readonly name: string;
  readonly sealed: Sealed;
  readonly place: Place;
}

/** By the id of the action that reads them. */
export type SealedProperties = ReadonlyMap<string, readonly SealedProperty[]>;

export function plainProperties(step: StoredStep, action: StoredAction): Record<string, string> {
  return Object.fromEntries(
    ownProperties(step, action).flatMap(({ name, value }) =>
      typeof value === 'string' ? [[name, value] as const] : [],
    ),
  );
}

/** Of every action of a process, frozen or not. */
export function sealedProperties({ id, document }: Stored<Process>): SealedProperties {
  // A frozen copy keeps the seals of the process that it was taken from.
  const process = document.FrozenFrom ?? id;
  const sealedOf = (step: StoredStep, action: StoredAction): readonly SealedProperty[] =>
    ownProperties(step, action).flatMap(({ name, value, owner }) =>
      typeof value === 'string' ? [] : [{ name, sealed: value, place: propertyPlace(process, owner, name) }],
    );
  return new Map(
    document.Steps.flatMap((step) =>
      step.Actions.map((action) => [action.Id, sealedOf(step, action)] as const),
    ),
  );
}

interface OwnProperty {
  readonly name: string;
  readonly value: StoredProperty;
  /** The id of the step or action in whose bag it lies. */
  readonly owner: string;
}

/** Of the same name, whatever its case, the action's counts. */
function ownProperties(step: StoredStep, action: StoredAction): readonly OwnProperty[] {
  const found = new Map<string, OwnProperty>();
  const add = (owner: string, bag: StoredProperties): void => {
    for (const [name, value] of Object.entries(bag)) found.set(name.toLowerCase(), { name, value, owner });
  };
  add(step.Id, step.Properties);
  add(action.Id, action.Properties);
  // The body is a variable of its own, made from what runs.
  found.delete('octopus.action.script.scriptbody');
  return [...found.values()];
}
