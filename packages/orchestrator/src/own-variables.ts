/**
 * What an action is, as variables: its own names and numbers, and those of all the others under their names, so that a
 * template can walk through them. Names: Octopus's system variables.
 */
import type { Action } from './process.ts';

interface Numbered {
  readonly step: { readonly id: string; readonly name: string; readonly number: number };
  readonly action: Action;
  /** `2.1` for the first of several in step 2. */
  readonly number: string;
  readonly pool?: string | undefined;
}

/** Of the action that reads them. */
export function ownVariables({ step, action, number, pool }: Numbered): Record<string, string> {
  const { container } = action;
  return {
    'Octopus.Step.Id': step.id,
    'Octopus.Step.Name': step.name,
    'Octopus.Step.Number': String(step.number),
    'Octopus.Action.Id': action.id,
    'Octopus.Action.Name': action.name,
    'Octopus.Action.StepName': step.name,
    'Octopus.Action.Number': number,
    ...(pool === undefined ? {} : { 'Octopus.WorkerPool.Id': pool }),
    // An image that is built is only named for messages: there is no name by which a script could use it.
    ...(container === undefined || container.build !== undefined
      ? {}
      : { 'Octopus.Action.Container.Image': container.image }),
    ...(action.run.kind === 'Script' ? { 'Octopus.Action.Script.Syntax': action.run.syntax } : {}),
  };
}

const PREFIX = 'Octopus.Action.';

/** The steps of a plan, or of a process that nobody has planned yet: then without pools. */
interface NumberedSteps {
  readonly steps: readonly {
    readonly id: string;
    readonly name: string;
    readonly number: number;
    readonly actions: readonly Pick<Numbered, 'action' | 'number' | 'pool'>[];
  }[];
}

/** Of every step and action, under its name: the same for all that read them. */
export function indexedVariables(plan: NumberedSteps): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const { id, name, number, actions } of plan.steps) {
    const step = `Octopus.Step[${name}]`;
    variables[`${step}.Id`] = id;
    variables[`${step}.Name`] = name;
    variables[`${step}.Number`] = String(number);
    for (const { action, number: actionNumber, pool } of actions) {
      const own = {
        ...action.variables,
        ...ownVariables({ step: { id, name, number }, action, number: actionNumber, pool }),
      };
      for (const [key, value] of Object.entries(own)) {
        if (key.startsWith(PREFIX))
          variables[`Octopus.Action[${action.name}].${key.slice(PREFIX.length)}`] = value;
      }
    }
  }
  return variables;
}
