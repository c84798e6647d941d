/** Look-ups in a plan, made once per plan. */
import type { Plan, PlannedAction, PlannedStep } from './plan-types.ts';

export interface Located {
  readonly planned: PlannedAction;
  readonly step: PlannedStep;
  /** The activity in the task log that shows this action. */
  readonly activity: string;
}

export interface PlanIndex {
  readonly located: readonly Located[];
  readonly byKey: ReadonlyMap<string, Located>;
  readonly groups: readonly (readonly PlannedStep[])[];
  /** In the order in which they would run. */
  readonly byLane: ReadonlyMap<string, readonly Located[]>;
}

const indexes = new WeakMap<Plan, PlanIndex>();

export function indexOf(plan: Plan): PlanIndex {
  const known = indexes.get(plan);
  if (known !== undefined) return known;
  const located: Located[] = [];
  const byLane = new Map<string, Located[]>();
  const groups: PlannedStep[][] = [];
  for (const step of plan.steps) {
    const group = groups[step.group];
    if (group === undefined) groups[step.group] = [step];
    else group.push(step);
    for (const planned of step.actions) {
      const activity = activityOf(step, planned);
      const entry = { planned, step, activity };
      located.push(entry);
      if (planned.lane !== undefined) byLane.set(planned.lane, [...(byLane.get(planned.lane) ?? []), entry]);
    }
  }
  const index = { located, byKey: new Map(located.map((l) => [l.planned.key, l])), groups, byLane };
  indexes.set(plan, index);
  return index;
}

/** A step's only action is shown by the step's own activity. */
export function activityOf(step: PlannedStep, planned: PlannedAction): string {
  return step.actions.length === 1 ? stepActivity(step) : `action-${planned.key}`;
}

export function stepActivity(step: PlannedStep): string {
  return `step-${step.number}`;
}
