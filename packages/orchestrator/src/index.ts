/** What runs next and why: the typed process, the plan, and the step from one state to the next. Pure. */
export * from './advance.ts';
export { DEFAULT_GRACE_MS } from './attempts.ts';
export * from './commands.ts';
export { type Evaluate, type Evaluating, evaluating } from './evaluating.ts';
export * from './events.ts';
export { knownImages, knownPoolImages, type PoolImage } from './known-images.ts';
export * from './option-words.ts';
export { indexedVariables, ownVariables } from './own-variables.ts';
export { packageVariables } from './package-variables.ts';
export * from './plan.ts';
export * from './plan-types.ts';
export * from './process.ts';
export { ServiceEntry, serviceComplaints, toService } from './service-entry.ts';
export type { ImageName } from './staging.ts';
export * from './state.ts';
export { statusVariables } from './status-variables.ts';
export { secretRefusal } from './stored-texts.ts';
export { PREPARATION_ACTIVITY, ROOT_ACTIVITY } from './turn.ts';
