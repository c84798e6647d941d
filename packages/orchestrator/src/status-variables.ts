/** How the steps so far ended, under Octopus's variable names. Codes and names: Octopus's system variables. */
import type { Plan } from './plan-types.ts';
import type { ActionResult, ActionState, StepState, TaskState } from './state.ts';

const CODES: Readonly<Record<ActionResult, string>> = {
  Success: 'Succeeded',
  Failed: 'Failed',
  Skipped: 'Skipped',
  Canceled: 'Canceled',
};

/** `key`: the planned action that reads them, for what it may call its own. */
export function statusVariables(plan: Plan, state: TaskState, key: string): Readonly<Record<string, string>> {
  const variables: Record<string, string> = {};
  if (state.failure !== undefined) {
    variables['Octopus.Deployment.Error'] = state.failure;
    variables['Octopus.Deployment.ErrorDetail'] = state.failure;
  }
  for (const step of plan.steps) {
    const name = `Octopus.Step[${step.name}].Status`;
    const code = stepCode(state.steps[step.number]);
    variables[`${name}.Code`] = code;
    if (step.actions.some((planned) => planned.key === key)) variables['Octopus.Step.Status.Code'] = code;
    for (const { key: other, action } of step.actions) {
      const result = state.actions[other];
      const its = `Octopus.Action[${action.name}]`;
      variables[`${its}.IsSkipped`] = result?.result === 'Skipped' ? 'True' : 'False';
      variables[`${its}.Status.Code`] = actionCode(result);
      if (result?.result === 'Failed' && result.message !== undefined) {
        setError(variables, name, result.message);
        setError(variables, `${its}.Status`, result.message);
      }
    }
  }
  // What its attempt before this one ended with.
  const message = state.actions[key]?.message;
  if (message !== undefined) {
    setError(variables, 'Octopus.Step.Status', message);
    setError(variables, 'Octopus.Action.Status', message);
  }
  return variables;
}

function setError(variables: Record<string, string>, name: string, message: string): void {
  variables[`${name}.Error`] = message;
  variables[`${name}.ErrorDetail`] = message;
}

function actionCode(action: ActionState | undefined): string {
  if (action?.result !== undefined) return CODES[action.result];
  return action === undefined || action.phase === 'pending' ? 'Pending' : 'Running';
}

function stepCode(step: StepState | undefined): string {
  if (step?.phase === 'running') return 'Running';
  return step?.result === undefined ? 'Pending' : CODES[step.result];
}
