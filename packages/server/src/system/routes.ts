/** What belongs to the server as a whole: root documents, status, capabilities. */
import { release } from 'node:os';
import { Optional } from '@argonaut/contracts/rest';
import { Type } from 'typebox';
import { page, type RouteTable } from '../http/index.ts';
import type { Services } from '../services.ts';
import { defaultSpace } from '../spaces/queries.ts';
import { absentLists } from './absent.ts';
import { rootLinks, spaceLinks } from './links.ts';
import { API_VERSION, CAPABILITIES, OCTOPUS_VERSION } from './version.ts';

export function systemRoutes(routes: RouteTable, services: Services): void {
  const { database, installationId } = services;

  routes.add({
    method: 'GET',
    path: '',
    scope: 'server',
    permission: 'Anonymous',
    summary: 'The root document: version and links',
    handle: async () => ({
      Application: 'Octopus Deploy',
      Version: OCTOPUS_VERSION,
      ApiVersion: API_VERSION,
      InstallationId: installationId,
      IsEarlyAccessProgram: false,
      HasLongTermSupport: false,
      Links: rootLinks((await defaultSpace(database))?.id),
    }),
  });
  routes.add({
    method: 'GET',
    path: '',
    scope: 'space',
    permission: 'SpaceView',
    summary: "A space's root document: its links",
    handle: async ({ space }) => ({ Id: space, Links: spaceLinks(space) }),
  });
  routes.add({
    method: 'GET',
    path: '/capabilities',
    scope: 'server',
    permission: 'Anonymous',
    summary: 'Which requests this server understands',
    handle: async () => ({ Capabilities: CAPABILITIES }),
  });
  routes.add({
    method: 'GET',
    path: '/configuration/feature-toggles',
    scope: 'server',
    permission: 'SignedIn',
    summary: 'Feature toggles: none',
    query: Type.Object({ Name: Optional(Type.String()) }),
    handle: async () => ({ FeatureToggles: [] }),
  });
  statusRoutes(routes, services);
  absentLists(routes);
}

function statusRoutes(routes: RouteTable, { now }: Services): void {
  const started = now();
  const status = (path: string, summary: string, body: () => object) =>
    routes.add({
      method: 'GET',
      path,
      scope: 'server',
      permission: 'SignedIn',
      summary,
      handle: async () => body(),
    });

  status('/serverstatus', 'The state of this server', () => ({
    IsDatabaseEncrypted: true,
    IsUpgradeAvailable: false,
    MaximumAvailableVersion: OCTOPUS_VERSION,
    MaximumAvailableVersionCoveredByLicense: OCTOPUS_VERSION,
    MaintenanceExpires: null,
    IsInMaintenanceMode: false,
    IsMajorMinorUpgrade: false,
    IsPotentialClone: false,
    Links: { Self: '/api/serverstatus', SystemInfo: '/api/serverstatus/system-info' },
  }));
  status('/serverstatus/health', 'Whether it works normally', () => ({
    IsOperatingNormally: true,
    Description: 'The server operates normally.',
    IsEntireClusterReadOnly: false,
    IsEntireClusterDrainingTasks: false,
    IsCompliantWithLicense: true,
    Links: { Self: '/api/serverstatus/health' },
  }));
  status('/serverstatus/system-info', 'The process and its machine', () => ({
    Version: OCTOPUS_VERSION,
    OSVersion: `${process.platform} ${release()}`,
    WorkingSetBytes: process.memoryUsage.rss(),
    ClrVersion: `node ${process.version}`,
    ThreadCount: 1,
    Uptime: timeSpan(now().getTime() - started.getTime()),
    Links: { Self: '/api/serverstatus/system-info' },
  }));
  status('/serverstatus/extensions', 'Extensions: none', () => []);
  status('/serverstatus/timezones', 'The time zones that schedules can name', () =>
    ['UTC', ...Intl.supportedValuesOf('timeZone')].map((Id) => ({ Id, Name: Id, IsLocal: Id === 'UTC' })),
  );
  status('/octopusservernodes/summary', 'The servers of this installation', () => ({
    IsNewNodeAvailable: false,
    AvailableTaskCap: null,
    Nodes: [],
    Links: { Self: '/api/octopusservernodes/summary' },
  }));
  routes.add({
    method: 'GET',
    path: '/octopusservernodes',
    scope: 'server',
    permission: 'SignedIn',
    summary: 'The servers of this installation, one by one',
    query: Type.Object({ skip: Type.Integer({ default: 0 }), take: Type.Integer({ default: 30 }) }),
    handle: async ({ request, query }) => page(request, query, 'OctopusServerNode', { items: [], total: 0 }),
  });
}

/** .NET's form of a duration: `d.hh:mm:ss`. */
function timeSpan(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  const two = (value: number) => String(value).padStart(2, '0');
  const days = Math.floor(seconds / 86_400);
  const clock = [Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60, seconds % 60]
    .map(two)
    .join(':');
  return days > 0 ? `${days}.${clock}` : clock;
}
