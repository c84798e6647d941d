/** The packages of an action on its leased worker: asked for when they are not there, once for all actions that share them. */
import type { StepPackage } from '@argonaut/contracts/attempt';
import type { Ready } from './attempts.ts';
import type { Evaluate } from './evaluating.ts';
import type { Located } from './plan-index.ts';
import type { Action, PackageReference } from './process.ts';
import type { LeaseState } from './state.ts';
import { StoredTexts, type Watch, type Worked } from './stored-texts.ts';
import type { Turn } from './turn.ts';

/** Those that its program finds in its directory; the others are variables only. */
export function acquiredPackages({ packages }: Action): readonly PackageReference[] {
  return packages.filter(({ acquisition }) => acquisition !== 'NotAcquired');
}

export interface PackageName {
  readonly feed: string;
  readonly packageId: string;
  readonly version: string;
}

/** Which package a reference means now. With `watch`, unless a sensitive variable decides it. */
export function packageName(
  reference: PackageReference,
  evaluate: Evaluate,
  watch?: Watch,
): Worked<PackageName> {
  const texts = new StoredTexts(evaluate, watch);
  const text = (what: string, template: string): string => texts.of(what, template, 'package').trim();
  const packageId = text('The package id', reference.packageId);
  const feed = text('The feed', reference.feed);
  const version = text('The version', reference.version ?? '');
  if (texts.errors.length > 0) return { error: texts.errors.join(' ') };
  const shown = packageId || reference.name || 'without a name';
  if (packageId === '' || feed === '') {
    return { error: `The package reference "${shown}" names no ${packageId === '' ? 'package' : 'feed'}.` };
  }
  if (version === '') {
    return {
      error: `The package "${packageId}" has no version. Choose one in the release or the runbook snapshot.`,
    };
  }
  return { value: { feed, packageId, version } };
}

/** All packages of the action; those that are not there are brought side by side. */
export function packagesOf(
  turn: Turn,
  located: Located,
  lease: LeaseState,
  activity: string,
): Ready<readonly StepPackage[]> {
  const found = acquiredPackages(located.planned.action).map((reference) =>
    packageOf(turn, located, reference, lease, activity),
  );
  const failed = found.find((one) => one.is === 'failed');
  if (failed !== undefined) return failed;
  const ready = found.flatMap((one) => (one.is === 'ready' ? [one.value] : []));
  return ready.length < found.length ? { is: 'wait' } : { is: 'ready', value: ready };
}

/** Those that are there already; `undefined` when one is not. For staging before the turn. */
export function knownPackages(
  turn: Turn,
  located: Located,
  generation: number,
): readonly StepPackage[] | undefined {
  const { pool, action } = located.planned;
  const packages: StepPackage[] = [];
  for (const reference of acquiredPackages(action)) {
    const name = packageName(reference, turn.evaluator(located));
    if (pool === undefined || 'error' in name) return undefined;
    const known = turn.state.packages?.[packageKey(pool, name.value, reference.extract)];
    if (known?.status !== 'present' || known.generation !== generation || known.acquired === undefined)
      return undefined;
    packages.push({ name: reference.name, ...known.acquired });
  }
  return packages;
}

function packageOf(
  turn: Turn,
  located: Located,
  reference: PackageReference,
  lease: LeaseState,
  activity: string,
): Ready<StepPackage> {
  const owner = `the package "${reference.name || reference.packageId}" of step "${located.planned.action.name}"`;
  const watch = { secretsIn: turn.secretsIn(located), owner };
  const name = packageName(reference, turn.evaluator(located), watch);
  if ('error' in name) return { is: 'failed', message: name.error, final: true };
  const { pool, generation } = lease;
  const key = packageKey(pool, name.value, reference.extract);
  turn.state.packages ??= {};
  const known = turn.state.packages[key];
  if (known?.generation === generation) {
    if (known.status === 'present' && known.acquired !== undefined)
      return { is: 'ready', value: { name: reference.name, ...known.acquired } };
    if (known.status === 'acquiring') return { is: 'wait' };
    if (known.status === 'failed') {
      const { packageId, version } = name.value;
      return { is: 'failed', message: known.message ?? `Package ${packageId} ${version} cannot be had.` };
    }
  }
  const acquisition = (known?.acquisition ?? 0) + 1;
  turn.state.packages[key] = { pool, generation, acquisition, status: 'acquiring' };
  turn.order({
    id: acquirePackageId(key, acquisition),
    kind: 'acquire-package',
    pool,
    generation,
    package: key,
    acquisition,
    activity,
    extract: reference.extract,
    ...name.value,
  });
  return { is: 'wait' };
}

function packageKey(pool: string, { feed, packageId, version }: PackageName, extract: boolean): string {
  return `${pool}|${feed}|${packageId}|${version}|${extract ? 'tree' : 'file'}`;
}

export function acquirePackageId(key: string, acquisition: number): string {
  return `acquire-package:${key}:${acquisition}`;
}

/** The packages must be acquired again before their next use. */
export function forgetPackages(turn: Turn, located: Located): void {
  const { planned } = located;
  if (planned.pool === undefined) return;
  for (const reference of acquiredPackages(planned.action)) {
    const name = packageName(reference, turn.evaluator(located));
    if ('error' in name) continue;
    const known = turn.state.packages?.[packageKey(planned.pool, name.value, reference.extract)];
    if (known !== undefined && known.status !== 'acquiring') known.status = 'stale';
  }
}
