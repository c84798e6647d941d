/** Which images a plan can name before anything has run: for those who want to look at them early. Pure. */
import { createVariables, evaluate } from '@argonaut/templates';
import { imageKey } from './attempts.ts';
import type { Plan, Scope } from './plan-types.ts';
import { containersOf, type ImageName, imageName } from './staging.ts';

/** A known image and a pool whose workers will need it. */
export interface PoolImage extends ImageName {
  readonly pool: string;
}

/** Each once, whatever pools need it; of those that are built each text. */
export function knownImages(plan: Plan, scope: Scope): readonly ImageName[] {
  const found = new Map<string, ImageName>();
  for (const { pool: _, ...name } of knownPoolImages(plan, scope)) found.set(imageKey('', name), name);
  return [...found.values()];
}

/**
 * Without those of steps that are skipped, those that depend on outputs of steps, and those whose name or Dockerfile cannot be
 * worked out in this scope. Each once for each pool.
 */
export function knownPoolImages(plan: Plan, scope: Scope): readonly PoolImage[] {
  const found = new Map<string, PoolImage>();
  for (const step of plan.steps) {
    for (const { action, skip, early, pool = '' } of step.actions) {
      if (skip !== undefined || early.kind === 'never' || early.actions.length > 0) continue;
      const worked = (template: string) => {
        if (!template.includes('#{')) return { text: template, error: null };
        const variables = createVariables(scope.variables(action, { id: step.id, name: step.name }));
        return evaluate(template, variables, { now: () => new Date(scope.nowMs) });
      };
      for (const container of containersOf(action)) {
        const name = imageName(container, worked);
        if ('error' in name) continue;
        found.set(imageKey(pool, name.value), { ...name.value, pool });
      }
    }
  }
  return [...found.values()];
}
