/** The orders about one attempt, as calls to its worker; and which event tells how each went. */
import { Invalid, kindOf } from '@argonaut/contracts';
import type { AttemptSpec, Outcome, Place, TellLine } from '@argonaut/contracts/attempt';
import {
  activityOf,
  type CommandOf,
  packageVariables,
  type Staging,
  statusVariables,
} from '@argonaut/orchestrator';
import { INTERPRETERS } from '@argonaut/runner/scripts';
import type { LogFrame } from '../tasklog/index.ts';
import type { Call } from './call.ts';
import { serverLine } from './change.ts';
import { crashPoint } from './crash-point.ts';
import { engineBack, isEngineAway } from './engine-back.ts';
import type { Entry } from './execution-side.ts';
import { type Late, lateValues } from './late-values.ts';
import { tooLittleMemory } from './memory.ts';
import { isAway, isTrouble, WorkerLost } from './patience.ts';
import { timeoutWithin, withinPolicy } from './pool-policy.ts';
import { sayLine } from './say-line.ts';
import { reportsOf, serviceFrames } from './service-frames.ts';

type ContainerPlace = Extract<Place, { kind: 'container' }>;

export async function stageAttempt(order: CommandOf<'stage'>, call: Call): Promise<Entry> {
  const { execution, lease, epoch, signal } = call;
  const { attempt } = order;
  const { now } = execution.ports;
  const beganMs = now();
  try {
    const reason = order.ahead ? await tooLittleMemory(order.staging, call) : undefined;
    if (reason !== undefined) return { events: [{ type: 'stage-declined', attempt, reason }] };
    const spec = await specOf(order.staging, order.pool, call);
    const { timings, work } = await call.patiently(() => lease.connection.stage(spec, epoch, signal), isAway);
    return {
      frames: [
        { type: 'timing', activity: attempt, timings, span: { beganMs, endedMs: now() }, ...imageOf(spec) },
      ],
      events: [{ type: 'staged', attempt, work }],
    };
  } catch (error) {
    if (signal.aborted || error instanceof WorkerLost) throw error;
    const imageGone = kindOf(error) === 'NotFound';
    const again = imageGone || isTrouble(error);
    // It may be prepared again a few times only, and those would be over before the engine has started.
    if (isEngineAway(error)) {
      const { step, planned } = execution.locate(attempt);
      const isWanted = () => execution.state.attempts[attempt]?.unwanted === false;
      await engineBack(call, activityOf(step, planned), isWanted);
    }
    return { events: [{ type: 'stage-failed', attempt, message: execution.told(error), again, imageGone }] };
  }
}

function imageOf({ place }: AttemptSpec): { readonly image?: string } {
  return place.kind === 'container' ? { image: place.image.local } : {};
}

async function specOf(staging: Staging, pool: string, { execution }: Call): Promise<AttemptSpec> {
  const { syntax, containerOptions, ...rest } = staging;
  const { place, limits } = rest;
  const interpreters = syntax === undefined ? [] : [...INTERPRETERS[syntax]];
  const policy = execution.ports.containerOptions;
  const allowed = await policy.policyOf(pool);
  if (!containerOptions?.trim() || place.kind !== 'container')
    return withinPolicy({ ...rest, interpreters }, allowed);
  const asked = await policy.read(containerOptions, pool);
  checkPlatform(place, asked.platform);
  if (asked.place.network === 'none') checkNeedsNoNetwork(staging, place);
  const network = place.network === 'lane' ? (asked.place.network ?? 'lane') : place.network;
  // What the step says in a setting of its own counts more than its options.
  const spec = {
    ...rest,
    interpreters,
    place: { ...asked.place, ...place, network },
    limits: { ...asked.limits, ...limits },
  };
  return withinPolicy(spec, allowed);
}

/** Names, name servers and services lie in a network; without one they would be left out in silence. */
function checkNeedsNoNetwork({ title, services = [] }: Staging, place: ContainerPlace): void {
  const has = [
    ...((place.extraHosts ?? []).length > 0 ? ['hosts'] : []),
    ...((place.dns ?? []).length > 0 ? ['name servers'] : []),
    ...(services.length > 0 ? ['services'] : []),
  ];
  if (has.length === 0) return;
  throw new Invalid(
    `"${title}" has --network none among its container options, and ${has.join(' and ')} of its own, which need a network. Leave out one or the other.`,
  );
}

/** The platform was chosen from the image's index; options can only insist on it. */
function checkPlatform(place: ContainerPlace, platform: string | undefined): void {
  const { os, architecture, reference } = place.image;
  const [wantedOs, wantedArchitecture] = platform?.split('/') ?? [];
  if (platform === undefined || (wantedOs === os && wantedArchitecture === architecture)) return;
  throw new Invalid(
    `--platform ${platform}: the image ${reference} is for ${os}/${architecture} on this worker.`,
  );
}

/** With `openedAt` when the program may run now: its log is to be followed. */
export async function openAttempt(order: CommandOf<'open'>, call: Call): Promise<Entry> {
  const { execution, lease, epoch, signal } = call;
  const { attempt } = order;
  const { step, action } = execution.locate(attempt);
  const known = execution.state.attempts[attempt];
  let late: Late;
  try {
    const placed = { packages: known?.packages ?? [], work: known?.work ?? '' };
    const variables = {
      ...statusVariables(execution.plan, execution.state, order.action),
      'Octopus.Worker.Id': lease.worker,
      'Octopus.Worker.Name': lease.name,
      ...packageVariables(placed.packages, placed.work),
    };
    const timeoutMs = timeoutWithin(
      order.timeoutMs,
      await execution.ports.containerOptions.policyOf(order.pool),
    );
    late = lateValues({ ...order, timeoutMs }, action, step, execution.scope, variables, placed);
  } catch (error) {
    return { events: [{ type: 'open-refused', attempt, message: execution.told(error) }] };
  }
  const opened: Entry = { events: [{ type: 'opened', attempt }], openedAt: { attempt, moment: late.moment } };
  let frames: LogFrame[] = [];
  const tell: TellLine = (line) => sayLine(execution, attempt, line);
  try {
    await call.patiently(async () => {
      try {
        const { lines } = await lease.connection.open(attempt, epoch, late.values, tell, signal);
        frames = [...late.notes, ...lines].map(({ level, message }) =>
          serverLine(attempt, level, message, execution.ports.now()),
        );
      } catch (error) {
        if (!isAway(error) && (await hasStarted(attempt, call))) return;
        throw error;
      }
    });
    return { ...opened, frames };
  } catch (error) {
    if (signal.aborted || error instanceof WorkerLost) throw error;
    if (await isRefused(attempt, error, call)) {
      const reports = reportsOf(error);
      return {
        frames: serviceFrames(attempt, reports, execution.ports.now()),
        // What a step is may be wrong for ever; a service that did not come up may come up the next time.
        events: [
          { type: 'open-refused', attempt, message: execution.told(error), mayPass: reports.length > 0 },
        ],
      };
    }
    if (kindOf(error) === 'NotFound') {
      // The entry `go` is durable before anything runs: a worker that knows nothing has started nothing.
      const outcome: Outcome = {
        result: 'NotStarted',
        cause: 'not-started',
        message: execution.told(error),
        infrastructure: true,
      };
      return {
        events: [
          { type: 'ended', attempt, outcome },
          { type: 'confirmed', attempt, outcome },
        ],
      };
    }
    // The worker has it, and says that it will not be opened: what became of it is told by following it.
    return opened;
  }
}

/** Did the gate stay closed for good? Only what is known to have been started is followed: nothing else would ever end. */
async function isRefused(attempt: string, error: unknown, call: Call): Promise<boolean> {
  const kind = kindOf(error);
  if (kind === 'Invalid') return true;
  if (kind === 'NotFound' || kind === 'Conflict') return false;
  return !(await call.patiently(() => hasStarted(attempt, call)));
}

/** Did the gate open although the call failed? */
async function hasStarted(attempt: string, { lease, signal }: Call): Promise<boolean> {
  const known = (await lease.connection.list(signal)).find((candidate) => candidate.attempt === attempt);
  return known !== undefined && ['go', 'ended', 'drained'].includes(known.phase);
}

export async function discardAttempt(order: CommandOf<'discard'>, call: Call): Promise<Entry> {
  const { attempt } = order;
  await untilGone(call, () => call.lease.connection.discard(attempt, call.epoch, call.signal));
  return { events: [{ type: 'discarded', attempt }] };
}

/** The answer comes by following the attempt. */
export async function cancelAttempt(order: CommandOf<'cancel'>, call: Call): Promise<Entry> {
  const { attempt, graceMs } = order;
  await untilGone(call, () => call.lease.connection.cancel(attempt, call.epoch, graceMs, call.signal));
  return {};
}

export async function releaseHold(order: CommandOf<'release-hold'>, call: Call): Promise<Entry> {
  crashPoint('hold.before-release');
  await untilGone(call, () => call.lease.connection.release(order.attempt, call.epoch, call.signal));
  crashPoint('hold.after-release');
  return {};
}

/** A worker that knows the attempt no more, or says that the verb does not fit, has nothing left to do. */
export async function untilGone(call: Call, verb: () => Promise<void>): Promise<void> {
  try {
    await call.patiently(verb);
  } catch (error) {
    const kind = kindOf(error);
    if (kind !== 'NotFound' && kind !== 'Conflict') throw error;
  }
}
