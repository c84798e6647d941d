/** Lifecycles: through which environments a release goes, in phases. */
import { WritableLifecycle } from '@argonaut/contracts/rest';
import type { Feature } from '../feature.ts';
import { withDefaults } from '../http/index.ts';
import { DEFAULT_LIFECYCLE, lifecyclesIn } from './queries.ts';
import { lifecycleRoutes } from './routes.ts';

export const lifecycles: Feature = {
  name: 'lifecycles',
  routes: lifecycleRoutes,
  // Without phases it allows every environment, so that a first deployment needs no set-up.
  seedSpace: async (space, { database }) => {
    const document = withDefaults(WritableLifecycle, { Name: DEFAULT_LIFECYCLE });
    await lifecyclesIn(database).insert({ space, document });
  },
};
