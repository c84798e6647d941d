/** `/accounts`: the ordinary six routes, and who uses one. */
import { AccountQuery, AccountResource, AccountUsages, WritableAccount } from '@argonaut/contracts/rest';
import { addResource, type RouteTable } from '../http/index.ts';
import type { Services } from '../services.ts';
import { documentOf, present } from './codec.ts';
import { accountsIn } from './queries.ts';
import { checkAccount, refuseRemovalInUse, workersUsing } from './rules.ts';

export function accountRoutes(routes: RouteTable, { database, keys }: Services): void {
  const accounts = accountsIn(database);

  addResource(routes, {
    path: '/accounts',
    scope: 'space',
    itemType: 'Account',
    collection: accounts,
    writable: WritableAccount,
    resource: AccountResource,
    permissions: {
      view: 'AccountView',
      create: 'AccountCreate',
      edit: 'AccountEdit',
      delete: 'AccountDelete',
    },
    filter: {
      query: AccountQuery,
      toQuery: ({ accountType }) => ({ where: { AccountType: accountType } }),
    },
    accept: async (body, { id, space }, stored) => {
      const document = documentOf(keys, id, body, stored?.document);
      const wanted = { ...(stored ?? { slug: '', version: 0 }), id, spaceId: space, document };
      await checkAccount(keys, body, wanted as Parameters<typeof checkAccount>[2], stored);
      return document;
    },
    present,
    beforeDelete: (stored) => refuseRemovalInUse(database, stored),
  });

  routes.add({
    method: 'GET',
    path: '/accounts/:id/usages',
    scope: 'space',
    permission: 'AccountView',
    summary: 'Workers that log in with an account',
    response: AccountUsages,
    handle: async ({ params, space }) => {
      const account = await accounts.get(params.id, space);
      const workers = await workersUsing(database, account);
      return {
        Id: account.id,
        Workers: workers.map(({ id, document }) => ({ Id: id, Name: document.Name })),
        DeploymentProcesses: [],
        LibraryVariableSets: [],
        ProjectVariableSets: [],
        Releases: [],
        RunbookProcesses: [],
        RunbookSnapshots: [],
        Targets: [],
        Links: { Self: `/api/${account.spaceId}/accounts/${account.id}/usages` },
      };
    },
  });
}
