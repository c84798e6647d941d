/** All folders put together: the table of routes, the first start, and the web server over both. */
import type { Secret } from '@argonaut/contracts';
import { WritableSpace } from '@argonaut/contracts/rest';
import type { FastifyInstance } from 'fastify';
import { accounts } from './accounts/index.ts';
import { artifacts } from './artifacts/index.ts';
import { dashboard } from './dashboard/index.ts';
import { deployments } from './deployments/index.ts';
import { environments } from './environments/index.ts';
import { events } from './events/index.ts';
import type { Feature } from './feature.ts';
import { feeds } from './feeds/index.ts';
import { RouteTable, withDefaults } from './http/index.ts';
import { createHttpServer } from './http/server.ts';
import { DEFAULT_SPACE } from './http/urls.ts';
import { images } from './images/index.ts';
import { interruptions } from './interruptions/index.ts';
import { lifecycles } from './lifecycles/index.ts';
import { packages } from './packages/index.ts';
import { processes } from './processes/index.ts';
import { projectGroups } from './projects/groups/index.ts';
import { projects } from './projects/index.ts';
import { releases } from './releases/index.ts';
import { runbooks } from './runbooks/index.ts';
import { runbookRuns } from './runbooks/runs/index.ts';
import type { Services } from './services.ts';
import { spaces } from './spaces/index.ts';
import { defaultSpace, spacesIn } from './spaces/queries.ts';
import { system } from './system/index.ts';
import { tasks } from './tasks/index.ts';
import { csrfTokenOf, makeFirstAdministrator, principalFor, users } from './users/index.ts';
import { variables } from './variables/feature.ts';
import { libraryVariableSets } from './variables/library/index.ts';
import { workers } from './workers/index.ts';

/** In the order in which a new space is filled. */
const FEATURES: readonly Feature[] = [
  system,
  users,
  environments,
  lifecycles,
  feeds,
  packages,
  accounts,
  workers,
  projectGroups,
  processes,
  projects,
  variables,
  libraryVariableSets,
  runbooks,
  releases,
  images,
  deployments,
  dashboard,
  runbookRuns,
  tasks,
  interruptions,
  artifacts,
  events,
];

export interface Application {
  readonly http: FastifyInstance;
  /** Does what a first start has to do; from here on `/api` answers. */
  begin(showKey: (key: Secret) => void): Promise<void>;
}

/** Declares all routes; a wrong declaration throws here. */
export function createApplication(services: Services, features: readonly Feature[] = FEATURES): Application {
  const { database, keys, now } = services;
  const seed = async (spaceId: string) => {
    for (const feature of features) await feature.seedSpace?.(spaceId, services);
  };
  const table = new RouteTable();
  for (const feature of [...features, spaces(seed)]) {
    table.beginFeature(feature.name);
    feature.routes?.(table, services);
  }
  let ready = false;
  const http = createHttpServer(services, table, {
    installationId: services.installationId,
    authenticate: (credential) => principalFor(database, keys, now(), credential),
    csrfTokenOf: (token) => csrfTokenOf(keys, token),
    resolveSpace: async (key) => {
      if (key === DEFAULT_SPACE) return (await defaultSpace(database))?.id;
      const space =
        (await spacesIn(database).find(canonicalId(key))) ?? (await spacesIn(database).resolveSlug(key));
      return space?.id;
    },
    isReady: () => ready && !services.stopping.aborted,
  });
  return {
    http,
    begin: async (showKey) => {
      await firstStart(services, seed, showKey);
      ready = true;
    },
  };
}

/** The administrator and the default space with all it needs, together or not at all. */
async function firstStart(
  services: Services,
  seed: (spaceId: string) => Promise<void>,
  showKey: (key: Secret) => void,
): Promise<void> {
  await services.database.exclusively('first start', async () => {
    const all = spacesIn(services.database);
    if ((await all.count()) > 0) return;
    const { userId, generatedKey } = await makeFirstAdministrator(services);
    const document = withDefaults(WritableSpace, {
      Name: 'Default',
      Description: '',
      IsDefault: true,
      SpaceManagersTeamMembers: [userId],
    });
    const space = await all.insert({ document });
    await seed(space.id);
    if (generatedKey !== undefined) showKey(generatedKey);
  });
}

/** Ids in a URL may be in any case. */
function canonicalId(key: string): string {
  return key.replace(/^spaces-/i, 'Spaces-');
}
