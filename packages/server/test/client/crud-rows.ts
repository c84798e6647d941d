/** Repositories of what is made, read, listed, changed and deleted: the same rows for each. */
import {
  EnvironmentRepository,
  LifecycleRepository,
  ProjectGroupRepository,
  ProjectRepository,
  RunbookRepository,
  SpaceRepository,
} from '@octopusdeploy/api-client';
// The client exports its feeds from here only.
import { FeedRepository, FeedType } from '@octopusdeploy/api-client/dist/features/feeds/index.js';
import { expect } from 'vitest';
import { asksNoServer, type Rows, SPACE, type World } from './world.ts';

interface Thing {
  readonly Id: string;
  readonly Name: string;
}

interface Repository {
  create(thing: object): Promise<Thing>;
  get(id: string): Promise<Thing>;
  list(args?: object): Promise<{ readonly TotalResults: number; readonly Items: readonly Thing[] }>;
  modify(thing: object): Promise<Thing>;
  save(thing: object): Promise<Thing>;
  del(thing: object): Promise<unknown>;
}

interface Sort {
  readonly owner: string;
  readonly repository: (world: World) => unknown;
  /** What must be said besides the name. */
  readonly fields: (world: World) => object;
  /** Further filters of its list, which the thing passes. */
  readonly filters?: object;
  /** What must be done before it may go. */
  readonly release?: (repository: Repository, thing: Thing) => Promise<unknown>;
}

const SORTS: readonly Sort[] = [
  {
    owner: 'EnvironmentRepository',
    repository: ({ client }) => new EnvironmentRepository(client, SPACE),
    fields: () => ({ AllowDynamicInfrastructure: false }),
  },
  {
    owner: 'FeedRepository',
    repository: ({ client }) => new FeedRepository(client, SPACE),
    fields: () => ({ FeedType: FeedType.Docker, FeedUri: 'https://registry.example.com' }),
    filters: { feedType: FeedType.Docker },
  },
  {
    owner: 'LifecycleRepository',
    repository: ({ client }) => new LifecycleRepository(client, SPACE),
    fields: ({ environmentId }) => ({
      Phases: [{ Id: 'test', Name: 'Only', OptionalDeploymentTargets: [environmentId] }],
    }),
  },
  {
    owner: 'ProjectGroupRepository',
    repository: ({ client }) => new ProjectGroupRepository(client, SPACE),
    fields: () => ({}),
  },
  {
    owner: 'ProjectRepository',
    repository: ({ client }) => new ProjectRepository(client, SPACE),
    fields: () => ({ ProjectGroupId: 'ProjectGroups-1', LifecycleId: 'Lifecycles-1' }),
  },
  {
    owner: 'RunbookRepository',
    repository: ({ client, project }) => new RunbookRepository(client, SPACE, project),
    fields: ({ project }) => ({ ProjectId: project.Id, EnvironmentScope: 'All' }),
  },
  {
    owner: 'SpaceRepository',
    repository: ({ client }) => new SpaceRepository(client),
    fields: () => ({ IsDefault: false, SpaceManagersTeamMembers: ['Users-1'] }),
    release: (spaces, space) => spaces.modify({ ...space, TaskQueueStopped: true }),
  },
];

export const crudRows: Rows = Object.assign({}, ...SORTS.map(rowsOf));

function rowsOf({ owner, repository, fields, filters, release }: Sort): Rows {
  const of = (world: World) => repository(world) as Repository;
  const make = (world: World, Name: string) => of(world).create({ Name, ...fields(world) });
  return {
    [`${owner}.create`]: {
      works: async (world) => expect(await make(world, 'Created')).toMatchObject({ Name: 'Created' }),
    },
    [`${owner}.get`]: {
      works: async (world) => {
        const made = await make(world, 'Read');
        expect(await of(world).get(made.Id)).toEqual(made);
      },
    },
    [`${owner}.list`]: {
      works: async (world) => {
        const made = await make(world, 'Listed');
        const all = await of(world).list();
        expect(all.TotalResults).toBeGreaterThan(1);
        const narrow = { ids: [made.Id], partialName: 'iste', skip: 0, take: 5, ...filters };
        expect((await of(world).list(narrow)).Items).toEqual([made]);
      },
    },
    [`${owner}.modify`]: {
      works: async (world) => {
        const made = await make(world, 'Before');
        expect(await of(world).modify({ ...made, Name: 'After' })).toMatchObject({
          Id: made.Id,
          Name: 'After',
        });
        expect((await of(world).get(made.Id)).Name).toBe('After');
      },
    },
    [`${owner}.save`]: {
      works: async (world) => {
        const made = await of(world).save({ Name: 'Saved', ...fields(world) });
        expect(await of(world).save({ ...made, Name: 'Saved again' })).toMatchObject({ Id: made.Id });
      },
    },
    [`${owner}.del`]: {
      works: async (world) => {
        const made = await make(world, 'Deleted');
        await release?.(of(world), made);
        await of(world).del(made);
        await expect(of(world).get(made.Id)).rejects.toThrow(/was not found|has no/);
      },
    },
    ...asksNoServer(owner, 'extend', 'subscribeToDataModifications', 'unsubscribeFromDataModifications'),
  };
}
