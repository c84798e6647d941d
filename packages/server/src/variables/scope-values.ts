/** What the variables of a set may be scoped to: the things of its space and, for a project, of the project. */
import type { ScopeValues } from '@argonaut/contracts/rest';
import type { Database } from '../database/index.ts';
import { environmentsIn } from '../environments/queries.ts';
import { type Process, processesIn } from '../processes/queries.ts';
import { channelsIn } from '../projects/channels/queries.ts';
import { runbooksIn } from '../runbooks/queries.ts';

export async function scopeValuesFor(database: Database, space: string, owner: string): Promise<ScopeValues> {
  const Environments = (await environmentsIn(database).all({ space })).map(named);
  const none = { Machines: [], TenantTags: [] };
  if (owner.startsWith('LibraryVariableSets-')) {
    return { Environments, Actions: [], Roles: [], Channels: [], Processes: [], ...none };
  }
  const channels = await channelsIn(database).all({ space, parent: owner });
  const runbooks = await runbooksIn(database).all({ space, parent: owner });
  const processes = await liveProcesses(database, space, owner);
  return {
    Environments,
    Actions: processes
      .flatMap(({ Steps }) => Steps.flatMap(({ Actions }) => Actions))
      .map(({ Id, Name }) => ({ Id, Name })),
    Roles: rolesOf(processes).map((role) => ({ Id: role, Name: role })),
    Channels: channels.map(named),
    Processes: [
      { Id: owner, Name: 'Deployment process', ProcessType: 'Deployment' },
      ...runbooks.map((runbook) => ({ ...named(runbook), ProcessType: 'Runbook' })),
    ],
    ...none,
  };
}

/** The processes of a project as they are now: its own and its runbooks'. */
export async function liveProcesses(
  database: Database,
  space: string,
  projectId: string,
): Promise<readonly Process[]> {
  const all = await processesIn(database).all({ space, where: { Project: projectId } });
  return all.map(({ document }) => document).filter(({ FrozenFrom }) => FrozenFrom === undefined);
}

function rolesOf(processes: readonly Process[]): readonly string[] {
  const roles = processes
    .flatMap(({ Steps }) => Steps.map(({ Properties }) => Properties['Octopus.Action.TargetRoles']))
    .flatMap((text) => (typeof text === 'string' ? text.split(',') : []))
    .map((role) => role.trim())
    .filter((role) => role !== '');
  return [...new Set(roles)].sort();
}

function named({ id, document }: { readonly id: string; readonly document: { readonly Name: string } }) {
  return { Id: id, Name: document.Name };
}
