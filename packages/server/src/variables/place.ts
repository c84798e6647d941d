/** Where variables are asked for, in the words of a task and in those of the rules of precedence. */
import type { ScopeContext } from '@argonaut/templates';
import { foldTags } from './definitions.ts';

/** Where a task runs, by ids; tags by name. What is absent is not there: a runbook run has no channel. */
export type Place = Omit<ScopeContext, 'step' | 'stepRoles' | 'process'> & {
  /** The project for its deployment process, or the runbook. */
  readonly process?: string;
};

/** The place as the rules of precedence read it. */
export function contextOf(place: Place, step?: string): ScopeContext {
  const { machineRoles, tenantTags, ...ids } = place;
  const [roles, tags] = [foldTags(machineRoles), foldTags(tenantTags)];
  return {
    ...ids,
    ...(roles === undefined ? {} : { machineRoles: roles }),
    ...(tags === undefined ? {} : { tenantTags: tags }),
    ...(step === undefined ? {} : { step }),
  };
}
