/** What must hold for spaces. */
import { Invalid } from '@argonaut/contracts';
import type { Database, Stored } from '../database/index.ts';
import { runningTasks, type Space, spacesIn } from './queries.ts';

/** @throws Invalid: a space that nobody may manage could never be used. */
export function requireManagers(space: Space): void {
  if (space.SpaceManagersTeams?.length || space.SpaceManagersTeamMembers?.length) return;
  throw new Invalid(
    `The space "${space.Name}" needs at least one manager: put users into SpaceManagersTeamMembers or teams into SpaceManagersTeams.`,
  );
}

/** @throws Invalid until the space's task queue is stopped and its tasks have ended, and for the default space. */
export async function refuseRemovalOfLiveSpace(database: Database, stored: Stored<Space>): Promise<void> {
  const { Name, IsDefault, TaskQueueStopped } = stored.document;
  if (IsDefault) throw new Invalid(`"${Name}" is the default space. Make another space the default first.`);
  if (!TaskQueueStopped) {
    throw new Invalid(
      `The task queue of the space "${Name}" is running. Set TaskQueueStopped to true, then delete the space with everything in it.`,
    );
  }
  const running = await runningTasks(database, stored.id);
  if (running > 0) {
    throw new Invalid(
      `${running} task(s) of the space "${Name}" are still running. Wait for them or cancel them, then delete the space.`,
    );
  }
}

/** At most one space is the default: a new one takes the mark from the old one. */
export async function takeDefaultMark(
  database: Database,
  space: Space,
  ownId: string | undefined,
): Promise<void> {
  if (!space.IsDefault) return;
  const spaces = spacesIn(database);
  for (const other of await spaces.all({ where: { IsDefault: 'true' } })) {
    if (other.id !== ownId) await spaces.update(other, { ...other.document, IsDefault: false });
  }
}
