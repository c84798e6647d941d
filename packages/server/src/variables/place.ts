/** Where variables are asked for, in the words of a task and in those of the rules of precedence. */
import type { ScopeContext } from '@argonaut/templates';
import { foldTags } from './definitions.ts';

/** Where a task runs, by ids; tags by name. What is absent is not there: a runbook run has no channel. */
export type Place = Omit<ScopeContext, 'step' | 'stepRoles' | 'process'> & {
  /** The project for its deployment process, or the runbook. */
  readonly process?: string;
};

/** The step that reads the variables. */
export interface PlaceStep {
  /** Of its action. */
  readonly id: string;
  /** What the step is set to: among it the tags of the targets that it is for. */
  readonly settings?: Readonly<Record<string, string>> | undefined;
}

const TARGET_ROLES = 'octopus.action.targetroles';

/** The place as the rules of precedence read it. */
export function contextOf(place: Place, step?: PlaceStep): ScopeContext {
  const { machineRoles, tenantTags, ...ids } = place;
  const [roles, tags] = [foldTags(machineRoles), foldTags(tenantTags)];
  return {
    ...ids,
    ...(roles === undefined ? {} : { machineRoles: roles }),
    ...(tags === undefined ? {} : { tenantTags: tags }),
    ...(step === undefined ? {} : { step: step.id }),
    ...(step === undefined || roles === undefined ? {} : { stepRoles: targetsOf(step) }),
  };
}

function targetsOf({ settings = {} }: PlaceStep): readonly string[] {
  const [, tags = ''] = Object.entries(settings).find(([name]) => name.toLowerCase() === TARGET_ROLES) ?? [];
  const found = tags.split(',').map((tag) => tag.trim());
  return foldTags(found.filter((tag) => tag !== '')) ?? [];
}
