/**
 * What clients list although this server has no such thing yet: they get an empty page and an empty array instead of
 * an error. When a folder takes over one of these, its line goes from here.
 */

import { PageQuery } from '@argonaut/contracts/rest';
import { page, type RouteTable } from '../http/index.ts';
import type { Permission } from '../http/permissions.ts';

interface AbsentList {
  readonly path: string;
  readonly itemType: string;
  readonly permission: Permission;
  readonly scope?: 'server';
}

const PAGES: readonly AbsentList[] = [
  { path: '/actiontemplates', itemType: 'ActionTemplate', permission: 'ActionTemplateView' },
  {
    path: '/configuration',
    itemType: 'ConfigurationSection',
    permission: 'ConfigureServer',
    scope: 'server',
  },
  {
    path: '/configuration/certificates',
    itemType: 'CertificateConfiguration',
    permission: 'ConfigureServer',
    scope: 'server',
  },
  { path: '/certificates', itemType: 'Certificate', permission: 'CertificateView' },
  { path: '/git-credentials', itemType: 'GitCredential', permission: 'ProjectView' },
  { path: '/machines', itemType: 'Machine', permission: 'MachineView' },
  { path: '/environments/:id/machines', itemType: 'Machine', permission: 'MachineView' },
  { path: '/projecttriggers', itemType: 'ProjectTrigger', permission: 'TriggerView' },
  { path: '/projects/:id/triggers', itemType: 'ProjectTrigger', permission: 'TriggerView' },
  { path: '/proxies', itemType: 'Proxy', permission: 'ProxyView' },
  { path: '/scheduledprojecttriggers', itemType: 'ScheduledProjectTrigger', permission: 'TriggerView' },
  { path: '/subscriptions', itemType: 'Subscription', permission: 'SubscriptionView' },
  { path: '/tagsets', itemType: 'TagSet', permission: 'TagSetView' },
  { path: '/tenants', itemType: 'Tenant', permission: 'TenantView' },
  {
    path: '/communityactiontemplates',
    itemType: 'CommunityActionTemplate',
    permission: 'SignedIn',
    scope: 'server',
  },
  {
    path: '/teams/:id/scopeduserroles',
    itemType: 'ScopedUserRole',
    permission: 'UserRoleView',
    scope: 'server',
  },
  { path: '/scopeduserroles', itemType: 'ScopedUserRole', permission: 'UserRoleView', scope: 'server' },
  { path: '/userroles', itemType: 'UserRole', permission: 'UserRoleView', scope: 'server' },
];

const ARRAYS: readonly { readonly path: string; readonly permission: Permission }[] = [
  { path: '/actiontemplates/categories', permission: 'ActionTemplateView' },
  { path: '/actiontemplates/search', permission: 'ActionTemplateView' },
  { path: '/machineroles/all', permission: 'MachineView' },
  { path: '/machines/operatingsystem/names/all', permission: 'MachineView' },
  { path: '/machines/operatingsystem/shells/all', permission: 'MachineView' },
  { path: '/tenantvariables/all', permission: 'TenantView' },
  { path: '/tenants/status', permission: 'TenantView' },
  { path: '/tenants/variables-missing', permission: 'TenantView' },
];

export function absentLists(routes: RouteTable): void {
  for (const { path, itemType, permission, scope = 'space' } of PAGES) {
    const summary = `An empty list: this server has no ${path.slice(path.lastIndexOf('/') + 1)} yet`;
    routes.add({
      method: 'GET',
      path,
      scope,
      permission,
      summary,
      query: PageQuery,
      handle: async ({ request, query }) => page(request, query, itemType, { items: [], total: 0 }),
    });
    if (path.includes(':')) continue;
    routes.add({ method: 'GET', path: `${path}/all`, scope, permission, summary, handle: async () => [] });
  }
  for (const { path, permission } of ARRAYS) {
    routes.add({
      method: 'GET',
      path,
      scope: 'space',
      permission,
      summary: 'An empty array',
      handle: async () => [],
    });
  }
}
