/** What system variables know of every run, whatever it is a run of. */
import type { Stored } from '../../database/index.ts';
import type { Environment } from '../../environments/queries.ts';
import { SERVER_NAME } from '../../events/index.ts';
import { projectGroupsIn } from '../../projects/groups/queries.ts';
import type { Project } from '../../projects/queries.ts';
import type { Services } from '../../services.ts';
import { spacesIn } from '../../spaces/queries.ts';
import { usersIn } from '../../users/queries.ts';
import type { SystemContext, SystemPerson } from '../../variables/index.ts';
import type { Task } from '../queries.ts';

/** The part of the system variables' context that every run has. */
export async function commonContext(
  services: Pick<Services, 'database' | 'config'>,
  task: Stored<Task>,
  project: Stored<Project>,
  environment: Stored<Environment>,
): Promise<SystemContext> {
  const { document } = task;
  return {
    ...(await whereContext(services, project, environment)),
    baseUrl: services.config.publicUrl,
    task: {
      id: task.id,
      name: document.Description,
      queueTime: document.QueueTime,
      queueTimeExpiry: document.QueueTimeExpiry ?? undefined,
      arguments: Object.fromEntries(
        Object.entries(document.Arguments).map(([name, value]) => [name, String(value)]),
      ),
    },
  };
}

/** What is known of a run before there is one: of what, and where. */
export async function whereContext(
  { database }: Pick<Services, 'database'>,
  project: Stored<Project>,
  environment: Stored<Environment>,
): Promise<SystemContext> {
  const space = await spacesIn(database).get(project.spaceId);
  const group = await projectGroupsIn(database).find(project.document.ProjectGroupId);
  return {
    space: { id: space.id, name: space.document.Name },
    project: { id: project.id, name: project.document.Name },
    ...(group === undefined ? {} : { projectGroup: { id: group.id, name: group.document.Name } }),
    environment: {
      id: environment.id,
      name: environment.document.Name,
      sortOrder: environment.document.SortOrder ?? 0,
    },
  };
}

/** Whoever started it, the server itself too; undefined when the user is gone. */
export async function personOf({ database }: Services, userId: string): Promise<SystemPerson | undefined> {
  if (userId === '') return { id: '', username: SERVER_NAME, displayName: SERVER_NAME, emailAddress: '' };
  const user = await usersIn(database).find(userId);
  if (user === undefined) return undefined;
  const { Username, DisplayName, EmailAddress } = user.document;
  return {
    id: user.id,
    username: Username,
    displayName: DisplayName || Username,
    emailAddress: EmailAddress ?? '',
  };
}
