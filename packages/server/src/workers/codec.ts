/** Workers on the wire. */
import type { Stored } from '../database/index.ts';
import { resourceOf } from '../http/index.ts';
import type { HealthStatus, Worker } from './queries.ts';

export function present(stored: Stored<Worker>) {
  const { Health, ...document } = stored.document;
  const self = `/api/${stored.spaceId}/workers/${stored.id}`;
  const resource = resourceOf({ ...stored, document }, self, {
    Connection: `${self}/connection`,
    TasksTemplate: `/api/tasks{?skip,take}`,
  });
  return {
    ...resource,
    HealthStatus: Health?.status ?? 'Unknown',
    Status: document.IsDisabled ? 'Disabled' : onlineOf(Health?.status),
    StatusSummary: Health?.summary ?? 'It has not been checked yet.',
    HasLatestCalamari: true,
    IsInProcess: document.Endpoint.CommunicationStyle === 'None',
    OperatingSystem: Health?.description?.os ?? 'Unknown',
    Architecture: Health?.description?.architecture ?? '',
    ShellName: Health?.description === undefined ? 'Unknown' : 'Bash',
    ShellVersion: '',
  };
}

function onlineOf(health: HealthStatus | undefined): 'Online' | 'Offline' | 'Unknown' {
  if (health === undefined || health === 'Unknown') return 'Unknown';
  return health === 'Unavailable' ? 'Offline' : 'Online';
}
