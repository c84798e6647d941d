/**
 * Runbooks: processes of a project that need no release. A run takes a snapshot; `runbookSnapshotNamed` finds the
 * published one, `createRunbookSnapshot` makes one of the draft, `loadRunbookSnapshot` gives what a run needs.
 */
import type { Feature } from '../feature.ts';
import { previewRoutes } from './previews.routes.ts';
import { runbookRoutes } from './routes.ts';
import { runTemplateRoutes } from './run-template.routes.ts';
import { snapshotRoutes } from './snapshots/routes.ts';

export { checkRunbookEnvironment, runbookEnvironments } from './environments.ts';
export { runbookNamed } from './queries.ts';
export { createRunbookSnapshot } from './snapshots/create.ts';
export { type LoadedRunbookSnapshot, loadRunbookSnapshot } from './snapshots/load.ts';
export { runbookSnapshotNamed } from './snapshots/queries.ts';

export const runbooks: Feature = {
  name: 'runbooks',
  routes: (routes, services) => {
    runbookRoutes(routes, services);
    snapshotRoutes(routes, services);
    previewRoutes(routes, services);
    runTemplateRoutes(routes, services);
  },
};
