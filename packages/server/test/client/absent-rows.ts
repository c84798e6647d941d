/** What this server has not: its lists are empty, everything else of it is refused in words. */
import {
  KubernetesMonitorRepository,
  ObservabilityRepository,
  TagSetRepository,
  TenantRepository,
} from '@octopusdeploy/api-client';
import { expect } from 'vitest';
import { asksNoServer, type Rows, SPACE, type World } from './world.ts';

const tenants = ({ client }: World) => new TenantRepository(client, SPACE);
const tagSets = ({ client }: World) => new TagSetRepository(client, SPACE);
const observed = ({ client }: World) => new ObservabilityRepository(client, SPACE);
const monitors = ({ client }: World) => new KubernetesMonitorRepository(client, SPACE);

const TENANT = { Id: 'Tenants-1', Name: 'Somebody', SpaceId: 'Spaces-1', Links: {} } as never;
const TAG_SET = { Id: 'TagSets-1', Name: 'Ring', SpaceId: 'Spaces-1', Links: {} } as never;
const POD = ['Projects-1', 'Environments-1', undefined, 'Machines-1', 'pod'] as const;
const NO_TENANTS = 'there are no tenants';
const NO_KUBERNETES = 'there is no Kubernetes';

/** Every method of `owner` that `calls` names is not ours, for the same reason. */
function refused(
  owner: string,
  notOurs: string,
  calls: Readonly<Record<string, (world: World) => Promise<unknown>>>,
): Rows {
  return Object.fromEntries(
    Object.entries(calls).map(([method, asked]) => [`${owner}.${method}`, { notOurs, asked }]),
  );
}

const LOCAL = ['extend', 'subscribeToDataModifications', 'unsubscribeFromDataModifications'];
const BASE = ['create', 'del', 'get', 'list', 'modify', 'save'];
const isBase = Object.fromEntries(
  ['BasicRepository', 'SpaceScopedBasicRepository'].flatMap((owner) =>
    BASE.map((method) => [`${owner}.${method}`, { notOurs: 'it has no address of its own' }]),
  ),
);

export const absentRows: Rows = {
  'TenantRepository.list': {
    works: async (world) => {
      const narrow = { ids: ['Tenants-1'], partialName: 'x', projectId: 'Projects-1', tags: 'a/b' };
      expect((await tenants(world).list(narrow)).Items).toEqual([]);
      expect((await tenants(world).list()).TotalResults).toBe(0);
    },
  },
  'TenantRepository.missingVariables': {
    works: async (world) =>
      expect(await tenants(world).missingVariables({ tenantId: 'Tenants-1' }, true)).toEqual([]),
  },
  ...refused('TenantRepository', NO_TENANTS, {
    create: (world) => tenants(world).create({ Name: 'Somebody' } as never),
    get: (world) => tenants(world).get('Tenants-1'),
    modify: (world) => tenants(world).modify(TENANT),
    save: (world) => tenants(world).save(TENANT),
    del: (world) => tenants(world).del(TENANT),
    tagTest: (world) => tenants(world).tagTest(['Tenants-1'], ['a/b']),
    getVariables: (world) => tenants(world).getVariables(TENANT),
    setVariables: (world) => tenants(world).setVariables(TENANT, {}),
    getCommonVariables: (world) => tenants(world).getCommonVariables(TENANT),
    getCommonVariablesById: (world) => tenants(world).getCommonVariablesById('Tenants-1', true),
    getProjectVariables: (world) => tenants(world).getProjectVariables(TENANT),
    getProjectVariablesById: (world) => tenants(world).getProjectVariablesById('Tenants-1', true),
    modifyCommonVariables: (world) => tenants(world).modifyCommonVariables(TENANT, []),
    modifyCommonVariablesById: (world) => tenants(world).modifyCommonVariablesById('Tenants-1', []),
    modifyProjectVariables: (world) => tenants(world).modifyProjectVariables(TENANT, []),
    modifyProjectVariablesById: (world) => tenants(world).modifyProjectVariablesById('Tenants-1', []),
  }),
  ...asksNoServer('TenantRepository', ...LOCAL),

  'TagSetRepository.list': {
    works: async (world) =>
      expect((await tagSets(world).list({ ids: ['TagSets-1'], partialName: 'x' })).Items).toEqual([]),
  },
  ...refused('TagSetRepository', 'there are no tag sets', {
    create: (world) => tagSets(world).create({ Name: 'Ring' } as never),
    get: (world) => tagSets(world).get('TagSets-1'),
    modify: (world) => tagSets(world).modify(TAG_SET),
    save: (world) => tagSets(world).save(TAG_SET),
    del: (world) => tagSets(world).del(TAG_SET),
    sort: (world) => tagSets(world).sort(['TagSets-1']),
  }),
  ...asksNoServer('TagSetRepository', ...LOCAL),

  ...refused('ObservabilityRepository', NO_KUBERNETES, {
    getLiveStatus: (world) => observed(world).getLiveStatus('Projects-1', 'Environments-1'),
    getResource: (world) => observed(world).getResource(...POD),
    getResourceManifest: (world) => observed(world).getResourceManifest(...POD),
    beginContainerLogsSession: (world) =>
      observed(world).beginContainerLogsSession(...POD, 'pod', 'container', false),
    getContainerLogs: (world) => observed(world).getContainerLogs('session'),
    beginResourceEventsSession: (world) => observed(world).beginResourceEventsSession(...POD),
    getResourceEvents: (world) => observed(world).getResourceEvents('session'),
  }),
  ...refused('KubernetesMonitorRepository', NO_KUBERNETES, {
    registerKubernetesMonitor: (world) =>
      monitors(world).registerKubernetesMonitor('installation', 'Machines-1'),
    getById: (world) => monitors(world).getById('monitor'),
    deleteById: (world) => monitors(world).deleteById('monitor'),
  }),

  ...isBase,
  ...asksNoServer('BasicRepository', ...LOCAL),
  ...asksNoServer('SpaceScopedBasicRepository', ...LOCAL),
};
