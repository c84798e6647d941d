/** What a run would do, shown before it is started: the steps, and the form of prompted variables. */
import type { ProcessSnapshot } from '@argonaut/orchestrator';
import type { PromptField } from '../variables/index.ts';

export interface Whereabouts {
  readonly environmentId: string;
  /** Absent for runbooks. */
  readonly channelId?: string;
}

export function presentPreview(
  process: ProcessSnapshot,
  where: Whereabouts,
  prompts: readonly PromptField[],
  options: { readonly includeDisabled: boolean; readonly guidedFailure: boolean },
) {
  return {
    StepsToExecute: stepsToExecute(process, where, options.includeDisabled),
    Form: {
      Values: Object.fromEntries(prompts.map((field) => [field.variableId, field.value ?? ''])),
      Elements: prompts.map((field) => ({
        Name: field.variableId,
        IsValueRequired: field.required,
        Control: {
          Type: 'VariableValue',
          Name: field.name,
          Label: field.label,
          Description: field.description,
          Required: field.required,
          DisplaySettings: { ...field.displaySettings },
        },
      })),
    },
    UseGuidedFailureModeByDefault: options.guidedFailure,
    Changes: [],
    ChangesMarkdown: '',
  };
}

function stepsToExecute(process: ProcessSnapshot, where: Whereabouts, includeDisabled: boolean) {
  return process.steps.flatMap((step, index) =>
    step.actions
      .map((action, position) => ({
        action,
        number: step.actions.length === 1 ? `${index + 1}` : `${index + 1}.${position + 1}`,
      }))
      .filter(({ action }) => {
        const { environments, excludedEnvironments, channels } = action;
        const here = environments.length === 0 || environments.includes(where.environmentId);
        const excluded = excludedEnvironments.includes(where.environmentId);
        const channel = where.channelId;
        const inChannel = channel === undefined || channels.length === 0 || channels.includes(channel);
        return (action.enabled || includeDisabled) && here && !excluded && inChannel;
      })
      .map(({ action, number }) => ({
        ActionId: action.id,
        ActionName: action.name,
        ActionNumber: number,
        // Steps run on workers, which are chosen when their turn comes.
        Roles: [],
        MachineNames: [],
        Machines: [],
        CanBeSkipped: !action.required,
        IsDisabled: !action.enabled,
        HasNoApplicableMachines: false,
        UnavailableMachines: [],
        ExcludedMachines: [],
      })),
  );
}
