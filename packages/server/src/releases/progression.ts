/**
 * How far a release has come through its lifecycle, and where it may go next; pure.
 *
 * A phase opens when every phase before it is met, optional ones aside. It is met by successful deployments to all of
 * its environments, or to as many as it asks for. Where a release has been, it may always go again. A defect that is not
 * resolved keeps it from anywhere else.
 */
import type { Phase, ReleaseProgression } from '@argonaut/contracts/rest';
import { environmentsOf } from '../lifecycles/queries.ts';

export interface Progress {
  readonly phases: readonly Phase[];
  /** False for a lifecycle without phases of its own: every environment is open at any time. */
  readonly ordered: boolean;
  /** Environments that the release was deployed to, however that ended. */
  readonly visited: ReadonlySet<string>;
  /** Those where it succeeded. */
  readonly reached: ReadonlySet<string>;
  /** Why progression is prevented; undefined if it is not. */
  readonly defect: string | undefined;
}

type PhaseProgress = Omit<ReleaseProgression['Phases'][number], 'Deployments'>;

export interface PhaseState {
  readonly phase: PhaseProgress;
  readonly environments: readonly string[];
  readonly open: boolean;
  /** Successful deployments to further environments that the phase needs before the next one opens. */
  readonly missing: number;
}

export function phaseStates(progress: Progress): PhaseState[] {
  let open = true;
  return progress.phases.map((phase): PhaseState => {
    const environments = environmentsOf(phase);
    const done = environments.filter((id) => progress.reached.has(id)).length;
    const minimum = phase.MinimumEnvironmentsBeforePromotion ?? 0;
    const wanted = minimum === 0 ? environments.length : Math.min(minimum, environments.length);
    const complete = done >= wanted;
    const isOpen = open;
    if (progress.ordered && !phase.IsOptionalPhase && !complete) open = false;
    const visited = environments.some((id) => progress.visited.has(id));
    return {
      environments,
      open: isOpen,
      missing: phase.IsOptionalPhase || !progress.ordered ? 0 : Math.max(0, wanted - done),
      phase: {
        Id: phase.Id ?? '',
        Name: phase.Name,
        Blocked: progress.defect !== undefined && !visited,
        Progress: complete && isOpen ? 'Complete' : isOpen ? 'Current' : 'Pending',
        AutomaticDeploymentTargets: [...(phase.AutomaticDeploymentTargets ?? [])],
        OptionalDeploymentTargets: [...(phase.OptionalDeploymentTargets ?? [])],
        MinimumEnvironmentsBeforePromotion: minimum,
        IsOptionalPhase: phase.IsOptionalPhase ?? false,
        IsPriorityPhase: phase.IsPriorityPhase ?? false,
      },
    };
  });
}

/**
 * Where the release is to be deployed by itself, because it has just entered a phase: its automatic environments, without
 * those where it has been already. Optional phases are never entered by themselves.
 * @param before where it had succeeded before what has just happened; absent for a release that was just made
 */
export function automaticEnvironments(progress: Progress, before?: ReadonlySet<string>): Entry[] {
  if (!progress.ordered) return [];
  const earlier = before === undefined ? undefined : phaseStates({ ...progress, reached: before });
  return phaseStates(progress).flatMap(({ phase, open }, index) => {
    if (!open || phase.IsOptionalPhase || earlier?.[index]?.open === true) return [];
    const environments = new Set(phase.AutomaticDeploymentTargets);
    return [...environments]
      .filter((id) => !progress.visited.has(id))
      .map((environmentId) => ({ phase: phase.Name, environmentId }));
  });
}

export interface Entry {
  /** The name of the phase that was entered. */
  readonly phase: string;
  readonly environmentId: string;
}

/** Environments that it may go to and has not succeeded in, in the order of the phases. */
export function nextEnvironments(progress: Progress): string[] {
  const open = phaseStates(progress)
    .filter((state) => state.open)
    .flatMap((state) => state.environments);
  return open.filter(
    (id) => !progress.reached.has(id) && (progress.defect === undefined || progress.visited.has(id)),
  );
}

/** How many more successes the first phase that is not met needs. */
export function missingForPromotion(progress: Progress): number {
  return phaseStates(progress).find((state) => state.open && state.missing > 0)?.missing ?? 0;
}

/** Names for messages. */
export interface Names {
  readonly lifecycle: string;
  readonly release: string;
  readonly environment: (id: string) => string;
}

/** Why the release may not go to this environment, and what would help; undefined if it may. */
export function obstacle(progress: Progress, environmentId: string, names: Names): string | undefined {
  const target = `"${names.environment(environmentId)}"`;
  const states = phaseStates(progress);
  const index = states.findIndex((state) => state.environments.includes(environmentId));
  const state = states[index];
  if (!state) {
    const known = [...new Set(states.flatMap((each) => each.environments))];
    const list = known.map((id) => `"${names.environment(id)}"`).join(', ');
    return `The lifecycle "${names.lifecycle}" does not include the environment ${target}. It allows ${list || 'none'}.`;
  }
  if (!state.open) {
    const short = states.slice(0, index).find((earlier) => earlier.missing > 0);
    const left = (short?.environments ?? []).filter((id) => !progress.reached.has(id));
    const list = left.map((id) => `"${names.environment(id)}"`).join(', ');
    const count = short?.missing ?? 0;
    const rest = count === left.length ? `to ${list}` : `to ${count} of ${list}`;
    return `The release ${names.release} may not be deployed to ${target} yet: the phase "${short?.phase.Name ?? ''}" comes first and needs successful deployments ${rest}.`;
  }
  if (progress.defect !== undefined && !progress.visited.has(environmentId)) {
    return `The release ${names.release} is prevented from progressing to ${target}: ${progress.defect} Resolve the defect first.`;
  }
  return undefined;
}
