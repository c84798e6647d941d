/** What runs next and why: the typed process, the plan, and the step from one state to the next. Pure. */
export * from './plan-types.ts';
export * from './process.ts';
