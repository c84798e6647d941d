/** How the steps so far ended, under Octopus's variable names. Codes and names: Octopus's system variables. */
import type { Plan } from './plan-types.ts';
import type { ActionResult, StepState, TaskState } from './state.ts';

const CODES: Readonly<Record<ActionResult, string>> = {
  Success: 'Succeeded',
  Failed: 'Failed',
  Skipped: 'Skipped',
  Canceled: 'Canceled',
};

export function statusVariables(plan: Plan, state: TaskState): Readonly<Record<string, string>> {
  const variables: Record<string, string> = {};
  if (state.failure !== undefined) {
    variables['Octopus.Deployment.Error'] = state.failure;
    variables['Octopus.Deployment.ErrorDetail'] = state.failure;
  }
  for (const step of plan.steps) {
    const name = `Octopus.Step[${step.name}].Status`;
    variables[`${name}.Code`] = stepCode(state.steps[step.number]);
    for (const { key, action } of step.actions) {
      const result = state.actions[key];
      variables[`Octopus.Action[${action.name}].IsSkipped`] = result?.result === 'Skipped' ? 'True' : 'False';
      if (result?.result === 'Failed' && result.message !== undefined) {
        variables[`${name}.Error`] = result.message;
        variables[`${name}.ErrorDetail`] = result.message;
        variables[`Octopus.Action[${action.name}].Status.Error`] = result.message;
      }
    }
  }
  return variables;
}

function stepCode(step: StepState | undefined): string {
  if (step?.phase === 'running') return 'Running';
  return step?.result === undefined ? 'Pending' : CODES[step.result];
}
