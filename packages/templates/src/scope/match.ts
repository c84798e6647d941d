/** Whether a scope fits a context, and how specifically. Prepared once per context, asked for every variable. */

import { type Dimension, type Scope, type ScopeContext, weightOf } from './ranks.ts';

/** The sum of the weights of the ranks on which a variable applies, or the dimension that does not fit. */
export type Fit = number | Dimension;

interface DimensionTest {
  readonly dimension: Dimension;
  readonly weight: (wanted: readonly string[]) => number;
}

export class ScopeMatcher {
  readonly #tests: readonly DimensionTest[];

  constructor(context: ScopeContext) {
    const machineRoles = new Set(context.machineRoles);
    const targeted = new Set(context.stepRoles?.filter((role) => machineRoles.has(role)));
    const roleWeight = (wanted: readonly string[]): number => {
      if (wanted.some((role) => targeted.has(role)))
        return weightOf('tag of the machine that the step targets');
      return wanted.some((role) => machineRoles.has(role)) ? weightOf('tag of the machine') : 0;
    };
    const tenantTags = new Set(context.tenantTags);
    this.#tests = [
      one('steps', context.step, weightOf('step')),
      one('machines', context.machine, weightOf('machine')),
      { dimension: 'roles', weight: roleWeight },
      one('tenants', context.tenant, weightOf('tenant')),
      {
        dimension: 'tenantTags',
        weight: (wanted) => (wanted.some((tag) => tenantTags.has(tag)) ? weightOf('tenant tag') : 0),
      },
      one('environments', context.environment, weightOf('environment')),
      one('channels', context.channel, weightOf('channel')),
      one('processes', context.process, weightOf('process')),
      one('projects', context.project, weightOf('project')),
    ];
  }

  /** One value of a dimension is enough; every dimension that the scope names must fit. */
  fit(scope: Scope): Fit {
    let sum = 0;
    for (const { dimension, weight } of this.#tests) {
      const wanted = scope[dimension];
      if (wanted === undefined || wanted.length === 0) continue;
      const found = weight(wanted);
      if (found === 0) return dimension;
      sum |= found;
    }
    return sum === 0 ? weightOf('none') : sum;
  }
}

const one = (dimension: Dimension, value: string | undefined, weight: number): DimensionTest => ({
  dimension,
  weight: (wanted) => (value !== undefined && wanted.includes(value) ? weight : 0),
});
