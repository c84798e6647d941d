/** The orders of an attempt's life: get a worker, get the image, stage, open, discard, cancel, finish. */
import { createHash } from 'node:crypto';
import type { AcquiredImage } from '@argonaut/contracts/attempt';
import { optionsOf, stagingOptions } from './bound-options.ts';
import type { Located } from './plan-index.ts';
import type { ContainerChoice, PullPolicy } from './process.ts';
import {
  containersOf,
  type ImageName,
  imageName,
  type StepImages,
  type StepSupplies,
  stagingOf,
  stepImages,
} from './staging.ts';
import type { AttemptState, LeaseState } from './state.ts';
import { StoredTexts } from './stored-texts.ts';
import type { Turn } from './turn.ts';

/** From TERM to KILL, unless the action says otherwise. */
export const DEFAULT_GRACE_MS = 5_000;
/** Leases of one pool after each other; a pool whose workers keep disappearing does not hold a task for ever. */
const MAX_GENERATIONS = 5;

/** `wait`: an order is on its way. */
export type Ready<T> =
  | { readonly is: 'ready'; readonly value: T }
  | { readonly is: 'wait' }
  | { readonly is: 'failed'; readonly message: string; readonly final?: boolean };

const WAIT = { is: 'wait' } as const;

/** The lease of the pool, asked for when there is none. */
export function leaseOf(turn: Turn, pool: string): Ready<LeaseState> {
  const lease = turn.state.leases[pool];
  if (lease?.status === 'held') return { is: 'ready', value: lease };
  if (lease?.status === 'leasing') return WAIT;
  if (lease?.status === 'failed')
    return { is: 'failed', message: lease.message ?? 'No worker could be had.' };
  const generation = (lease?.generation ?? 0) + 1;
  if (generation > MAX_GENERATIONS) {
    return {
      is: 'failed',
      message: `The workers of the pool were lost ${MAX_GENERATIONS} times. ${lease?.message ?? ''}`,
    };
  }
  turn.state.leases[pool] = { pool, generation, status: 'leasing' };
  turn.order({ id: `lease:${pool}:${generation}`, kind: 'lease', pool, generation });
  return WAIT;
}

export function imageKey(pool: string, { feed, reference, build }: ImageName): string {
  const content = build && createHash('sha256').update(JSON.stringify(build)).digest('hex');
  return `${pool}|${feed ?? ''}|${reference}${content === undefined ? '' : `|${content}`}`;
}

/** The action's images on the leased worker; those that are not there are acquired side by side. */
export function imagesOf(
  turn: Turn,
  located: Located,
  lease: LeaseState,
  activity: string,
): Ready<StepImages> {
  const { action } = located.planned;
  const options = stagingOptions(turn, located);
  if ('error' in options) return { is: 'failed', message: options.error, final: true };
  const wanted = (container: ContainerChoice, pull: PullPolicy | undefined): Ready<AcquiredImage> =>
    imageOf(turn, located, container, pull, lease, activity);
  const found = [
    ...(action.container === undefined ? [] : [wanted(action.container, options.value.pull)]),
    ...(action.services ?? []).map(({ container, pull }) => wanted(container, pull)),
  ];
  const failed = found.find((one) => one.is === 'failed');
  if (failed !== undefined) return failed;
  const acquired = found.flatMap((one) => (one.is === 'ready' ? [one.value] : []));
  return acquired.length < found.length ? WAIT : { is: 'ready', value: stepImages(action, acquired) };
}

function imageOf(
  turn: Turn,
  located: Located,
  container: ContainerChoice,
  pull: PullPolicy | undefined,
  lease: LeaseState,
  activity: string,
): Ready<AcquiredImage> {
  const { action } = located.planned;
  const service = action.services?.find((one) => one.container === container);
  const owner = `${service === undefined ? '' : `the service "${service.name}" of `}step "${action.name}"`;
  const watch = { secretsIn: turn.secretsIn(located), owner };
  const name = imageName(container, turn.evaluator(located), watch);
  if ('error' in name) return { is: 'failed', message: name.error, final: true };
  const key = imageKey(lease.pool, name.value);
  const known = turn.state.images[key];
  if (known?.generation === lease.generation) {
    if (known.status === 'present' && known.acquired !== undefined)
      return { is: 'ready', value: known.acquired };
    if (known.status === 'acquiring') return WAIT;
    if (known.status === 'failed') {
      const { message = `The image ${name.value.reference} cannot be had.`, final = false } = known;
      return { is: 'failed', message, final };
    }
  }
  const acquisition = (known?.acquisition ?? 0) + 1;
  turn.state.images[key] = {
    pool: lease.pool,
    generation: lease.generation,
    acquisition,
    status: 'acquiring',
  };
  turn.order({
    id: acquireId(key, acquisition),
    kind: 'acquire',
    pool: lease.pool,
    generation: lease.generation,
    image: key,
    acquisition,
    activity,
    ...name.value,
    ...(pull === undefined ? {} : { pull }),
  });
  return WAIT;
}

export function acquireId(key: string, acquisition: number): string {
  return `acquire:${key}:${acquisition}`;
}

/** The images must be acquired again before their next use. */
export function forgetImages(turn: Turn, located: Located): void {
  const { planned } = located;
  if (planned.pool === undefined) return;
  for (const container of containersOf(planned.action)) {
    const name = imageName(container, turn.evaluator(located));
    if ('error' in name) continue;
    const image = turn.state.images[imageKey(planned.pool, name.value)];
    if (image !== undefined && image.status !== 'acquiring') image.status = 'stale';
  }
}

/** Of an action's n-th attempt. */
export function attemptId(turn: Turn, key: string, attempt: number): string {
  return `${turn.plan.attemptPrefix}-s${key}-a${attempt}`;
}

/** Makes the next attempt of the action and orders its staging. */
export function stage(
  turn: Turn,
  located: Located,
  lease: LeaseState,
  supplies: StepSupplies,
  ahead: boolean,
): { readonly error: string } | undefined {
  const { key } = located.planned;
  const action = turn.action(key);
  const id = attemptId(turn, key, action.attempts + 1);
  const options = stagingOptions(turn, located);
  if ('error' in options) return options;
  const watch = { secretsIn: turn.secretsIn(located), owner: `step "${located.planned.action.name}"` };
  const texts = new StoredTexts(turn.evaluator(located), watch);
  const staging = stagingOf(turn.plan, located, options.value, id, supplies, texts);
  if ('error' in staging) return staging;
  action.attempts += 1;
  action.attempt = id;
  const { pool, generation } = lease;
  turn.state.attempts[id] = {
    id,
    action: key,
    pool,
    generation,
    ...(supplies.packages.length > 0 ? { packages: [...supplies.packages] } : {}),
    phase: 'staging',
    unwanted: false,
    cancelSent: false,
  };
  turn.order({
    id: `stage:${id}`,
    kind: 'stage',
    attempt: id,
    pool,
    generation,
    staging: staging.value,
    ahead,
  });
  return undefined;
}

export function open(turn: Turn, located: Located, attempt: AttemptState): void {
  const options = optionsOf(turn, located.planned.key);
  attempt.phase = 'opening';
  turn.order({
    id: `open:${attempt.id}`,
    kind: 'open',
    attempt: attempt.id,
    pool: attempt.pool,
    generation: attempt.generation,
    action: attempt.action,
    timeoutMs: options.timeoutMs ?? 0,
    graceMs: options.graceMs ?? DEFAULT_GRACE_MS,
  });
}

/** Staged attempts that nobody wants go away. */
export function discardUnwanted(turn: Turn): void {
  for (const attempt of Object.values(turn.state.attempts)) {
    if (!attempt.unwanted || attempt.phase !== 'staged') continue;
    attempt.phase = 'discarding';
    const { id, pool, generation } = attempt;
    turn.order({ id: `discard:${id}`, kind: 'discard', attempt: id, pool, generation });
  }
}

/** `force`: at once, without the grace. */
export function cancelAttempt(turn: Turn, attempt: AttemptState, force: boolean): void {
  attempt.cancelSent = true;
  const options = optionsOf(turn, attempt.action);
  const { id, pool, generation } = attempt;
  turn.order({
    id: force ? `cancel:${id}:force` : `cancel:${id}`,
    kind: 'cancel',
    attempt: id,
    pool,
    generation,
    graceMs: force ? 0 : (options.graceMs ?? DEFAULT_GRACE_MS),
  });
}

/** A held attempt is held no more: its container goes, once its files have been fetched. */
export function letGo(turn: Turn, attempt: AttemptState): void {
  if (attempt.phase !== 'ended') return;
  attempt.held = false;
  const { id, pool, generation } = attempt;
  turn.order({ id: `release-hold:${id}`, kind: 'release-hold', attempt: id, pool, generation });
  finishAttempt(turn, attempt);
}

export function finishAttempt(turn: Turn, attempt: AttemptState): void {
  attempt.phase = 'finishing';
  const { id, pool, generation } = attempt;
  turn.order({ id: `finish:${id}`, kind: 'finish', attempt: id, pool, generation });
}
