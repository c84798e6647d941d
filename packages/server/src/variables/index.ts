/**
 * Variables: sets of them, their frozen copies, and what they come to in a place.
 *
 * For other folders: `createVariableSet` and `removeVariableSets` with the owner; `snapshotVariables` with a release;
 * `acceptAnswers` with a deployment; `createScope` when it runs.
 */

export type { Place } from './place.ts';
export { acceptAnswers, answerPlace, type PromptAnswers, type PromptField, promptsFor } from './prompts.ts';
export {
  createVariableSet,
  removeVariableSets,
  valuePlace,
  variableSetId,
  variableSetsIn,
} from './queries.ts';
export { createScope, type ScopeInput, type TaskVariableScope } from './scope.ts';
export { snapshotProjectVariables, snapshotVariables, variableSetsOf } from './snapshots.ts';
export type { ReleaseName, SystemContext, SystemPerson } from './system.ts';
export { taskVariable } from './task-variable.ts';
