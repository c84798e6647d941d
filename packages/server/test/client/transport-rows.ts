/** The client itself, its functions, and what it exports that sends nothing. */
import { Client, checkForCapability, resolveSpaceId, userGetCurrent } from '@octopusdeploy/api-client';
import { expect } from 'vitest';
import { ADMIN_KEY } from '../support.ts';
import { asksNoServer, type Rows, SPACE } from './world.ts';

const GROUPS = '~/api/{spaceId}/projectgroups{/id}';
const args = { spaceName: SPACE };
interface Group {
  readonly Id: string;
  readonly Name: string;
}

export const transportRows: Rows = {
  'Client.create': {
    works: async ({ client }) => {
      const { instanceURL } = (client as never as { configuration: { instanceURL: string } }).configuration;
      const other = await Client.create({ userAgentApp: 'test', instanceURL, apiKey: ADMIN_KEY });
      expect(await userGetCurrent(other)).toMatchObject({ Username: 'admin' });
    },
  },
  'Client.get': {
    works: async ({ client }) =>
      expect(
        await client.get('~/api/{space}/projectgroups{?take}', { space: 'Spaces-1', take: 1 }),
      ).toMatchObject({
        Items: [{ Id: 'ProjectGroups-1' }],
      }),
  },
  'Client.getRaw': {
    works: async ({ client, taskId }) =>
      expect(await client.getRaw('~/api/tasks/{id}/raw', { id: taskId })).toContain(taskId),
  },
  'Client.request': {
    works: async ({ client }) =>
      expect(await client.request(GROUPS, { ...args, id: 'ProjectGroups-1' })).toMatchObject({
        Id: 'ProjectGroups-1',
      }),
  },
  'Client.post': {
    works: async ({ client }) =>
      expect(await client.post('/api/Spaces-1/projectgroups', { Name: 'Posted' })).toMatchObject({
        Name: 'Posted',
      }),
  },
  'Client.doCreate': {
    works: async ({ client }) =>
      expect(await client.doCreate(GROUPS, { ...args, Name: 'Made' })).toMatchObject({ Name: 'Made' }),
  },
  'Client.doUpdate': {
    works: async ({ client }) => {
      const { Id } = await client.doCreate<Group>(GROUPS, { ...args, Name: 'To be changed' });
      const changed = await client.doUpdate(GROUPS, { ...args, Name: 'Changed' }, { ...args, id: Id });
      expect(changed).toMatchObject({ Id, Name: 'Changed' });
    },
  },
  'Client.del': {
    works: async ({ client }) => {
      const { Id } = await client.doCreate<Group>(GROUPS, { ...args, Name: 'To be deleted' });
      await client.del(GROUPS, { ...args, id: Id });
      await expect(client.request(GROUPS, { ...args, id: Id })).rejects.toThrow('was not found');
    },
  },
  'Client.getServerInformation': {
    works: async ({ client }) =>
      expect((await client.getServerInformation()).version).toMatch(/^\d+\.\d+\.\d+$/),
  },
  'Client.tryGetServerInformation': {
    works: async ({ client }) =>
      expect(await client.tryGetServerInformation()).toMatchObject({ installationId: expect.any(String) }),
  },
  'Client.doCommand': { notOurs: 'it is private, and both doCreate and doUpdate are made of it' },
  'Client.dispatchRequest': { notOurs: 'it is private, and every call above goes through it' },
  ...asksNoServer('Client', 'onRequest', 'onResponse', 'onErrorResponse', 'resolveUrl'),
  resolveSpaceId: {
    works: async ({ client }) => {
      expect(await resolveSpaceId(client, SPACE)).toBe('Spaces-1');
      await expect(resolveSpaceId(client, 'Nowhere')).rejects.toThrow();
    },
  },
  userGetCurrent: {
    works: async ({ client }) => expect(await userGetCurrent(client)).toMatchObject({ Id: 'Users-1' }),
  },
  checkForCapability: {
    works: async ({ client }) => {
      expect(await checkForCapability(client, 'GetAllSpacesRequest', '2022.3')).toBeNull();
      expect(await checkForCapability(client, 'SomeMadeUpRequest', '2022.3')).toContain('does not support');
    },
  },

  ...asksNoServer('NuGetPackageBuilder', 'pack'),
  ...asksNoServer('Resolver', 'resolve'),
  ...asksNoServer('SubscriptionRecord', 'notify', 'notifyAll', 'notifySingle', 'subscribe', 'unsubscribe'),
  ...asksNoServer('ZipPackageBuilder', 'pack'),
  ...Object.assign(
    {},
    ...[
      'GetNamedPackageReferences',
      'GetPrimaryPackageReference',
      'HasManualInterventionResponsibleTeams',
      'HasVersionControlledPersistenceSettings',
      'InitialisePrimaryPackageReference',
      'IsDeployReleaseAction',
      'IsNamedPackageReference',
      'IsPrimaryPackageReference',
      'IsUsingUsernamePasswordAuth',
      'NewProject',
      'NewSensitiveValue',
      'PackageIdentity',
      'PackageReferenceNamesMatch',
      'RemovePrimaryPackageReference',
      'SetNamedPackageReference',
      'SetPrimaryPackageReference',
      'deploymentActionPackages',
      'determineServerEndpoint',
      'displayName',
      'ensurePrefix',
      'ensureSuffix',
      'getBranchNameFromRouteParameter',
      'getQueryValue',
      'getResolver',
      'getServerEndpoint',
      'getURISafeBranchName',
      'isDeploymentProcess',
      'isPropertyDefinedAndNotNull',
      'isResource',
      'isRunbookProcess',
      'isSensitiveValue',
      'isSpaceScopedArgs',
      'isSpaceScopedOperation',
      'isSpaceScopedRequest',
      'isSpaceScopedResource',
      'isVcsBranchResource',
      'processResourcePermission',
      'typeSafeHasOwnProperty',
    ].map((name) => asksNoServer(name)),
  ),
};
