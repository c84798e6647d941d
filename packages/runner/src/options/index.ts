/**
 * Options of `docker run` that a step may carry (`Octopus.Action.Container.Options`): understood, held against the
 * policy of a worker pool, and turned into settings of an attempt. Pure.
 */
export type { ContainerOptions } from './container-options.ts';
export { defaultPolicy, type OptionsPolicy, ownMachinePolicy, type WhereLeads } from './options-policy.ts';
export { parseContainerOptions } from './parse.ts';
export { checkPlace, refused } from './place-policy.ts';
export { checkPolicy, type Refusal } from './policy.ts';
export { readContainerOptions } from './read.ts';
export { type ContainerSettings, settingsOf } from './settings.ts';
export { quoteWord } from './words.ts';
