/** Every attempt is held against the policy of its pool before a worker hears of it; the worker does so once more. */
import { Invalid } from '@argonaut/contracts';
import type { AttemptSpec, ContainerPolicy, Limits } from '@argonaut/contracts/attempt';
import { checkPlace, refused } from '@argonaut/runner/options';

const MINUTE_MS = 60_000;

/** @throws Invalid that names each flag and the policy */
export function withinPolicy(spec: AttemptSpec, policy: ContainerPolicy | undefined): AttemptSpec {
  const { place, services } = spec;
  if (policy === undefined || place.kind !== 'container') return spec;
  const limits = limited(spec.limits, policy);
  const refusals = [
    ...checkPlace(place, limits, policy),
    ...(services ?? []).flatMap(({ name, image, limits: asked }) =>
      checkPlace({ kind: 'container', image, network: 'lane' }, asked, policy).map((refusal) => ({
        ...refusal,
        message: `Its service "${name}": ${refusal.message}`,
      })),
    ),
  ];
  if (refusals.length > 0) throw refused(`Step "${spec.title}"`, refusals);
  return {
    ...spec,
    limits,
    policy,
    ...(services === undefined
      ? {}
      : { services: services.map((service) => ({ ...service, limits: limited(service.limits, policy) })) }),
  };
}

/** Who asks for nothing gets the most that there is: no limit would be more. */
function limited(limits: Limits, { most }: ContainerPolicy): Limits {
  const { memoryBytes, cpus } = most;
  return {
    ...(memoryBytes === undefined ? {} : { memoryBytes }),
    ...(cpus === undefined ? {} : { cpus }),
    ...(most.pids === undefined || most.pids >= USUAL_PIDS ? {} : { pids: most.pids }),
    ...limits,
  };
}

/** What the runner gives a container that asks for nothing. */
const USUAL_PIDS = 4096;

/** The time-out of a step in the pool, milliseconds. @throws Invalid when it asks for more than there is */
export function timeoutWithin(timeoutMs: number, policy: ContainerPolicy | undefined): number {
  const most = policy?.most.timeoutMs;
  if (policy === undefined || most === undefined) return timeoutMs;
  if (timeoutMs === 0) return most;
  if (timeoutMs <= most) return timeoutMs;
  throw new Invalid(
    `The step's time-out of ${timeoutMs / MINUTE_MS} minutes is refused by ${policy.name}: a step may take at most ${most / MINUTE_MS} minutes.`,
  );
}
