/** Which attempt of a task a person means when they ask for a terminal. Pure. */
import { Conflict, NotFound } from '@argonaut/contracts';
import { type AttemptState, isHeld, type Plan, type TaskState } from '@argonaut/orchestrator';

export interface Chosen {
  readonly attempt: string;
  readonly step: string;
  readonly held: boolean;
}

/**
 * The step that is held; without one, the step that runs. `wish` is a number, a name, or an attempt's id.
 * @throws NotFound when there is no such step; Conflict when it cannot be told, or nothing runs.
 */
export function chooseAttempt(plan: Plan, state: TaskState, wish: string | undefined): Chosen {
  const candidates = Object.values(state.attempts)
    .filter((attempt) => isHeld(attempt) || attempt.phase === 'open')
    .flatMap((attempt) => described(plan, attempt));
  if (wish !== undefined) {
    const wanted = wish.trim().toLowerCase();
    const named = candidates.filter(({ names }) => names.includes(wanted));
    if (named.length === 0 && !knownNames(plan).includes(wanted)) {
      throw new NotFound(
        `There is no step "${wish}" in this task. It has ${plan.steps.map(({ name }) => `"${name}"`).join(', ')}.`,
      );
    }
    return only(named, `The step "${wish}"`);
  }
  const held = candidates.filter((candidate) => candidate.held);
  return only(held.length > 0 ? held : candidates, 'The task');
}

interface Candidate extends Chosen {
  readonly names: readonly string[];
}

function only(candidates: readonly Candidate[], subject: string): Chosen {
  const [first, second] = candidates;
  if (first === undefined) {
    throw new Conflict(
      `${subject} has nothing that runs or is held now, so there is no container to open a terminal in.`,
    );
  }
  if (second !== undefined) {
    const names = candidates.map(({ step }) => `"${step}"`).join(', ');
    throw new Conflict(`Several steps could be meant: ${names}. Say which one.`);
  }
  const { attempt, step, held } = first;
  return { attempt, step, held };
}

function described(plan: Plan, attempt: AttemptState): Candidate[] {
  for (const step of plan.steps) {
    const planned = step.actions.find(({ key }) => key === attempt.action);
    if (planned === undefined) continue;
    const names = [step.name, String(step.number), planned.action.name, planned.number, attempt.id];
    return [
      {
        attempt: attempt.id,
        step: step.name,
        held: isHeld(attempt),
        names: names.map((name) => name.toLowerCase()),
      },
    ];
  }
  return [];
}

function knownNames(plan: Plan): string[] {
  return plan.steps
    .flatMap((step) => [
      step.name,
      String(step.number),
      ...step.actions.flatMap(({ action, number }) => [action.name, number]),
    ])
    .map((name) => name.toLowerCase());
}
