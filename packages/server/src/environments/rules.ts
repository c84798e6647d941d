/** What must hold for environments. */
import { Invalid } from '@argonaut/contracts';
import type { Database, Stored } from '../database/index.ts';
import { lifecyclesUsingEnvironment } from '../lifecycles/queries.ts';
import type { Environment } from './queries.ts';

/** @throws Invalid while a lifecycle's phase deploys to it: the phase would silently mean something else. */
export async function refuseRemovalInUse(database: Database, stored: Stored<Environment>): Promise<void> {
  const users = await lifecyclesUsingEnvironment(database, stored.spaceId, stored.id);
  if (users.length === 0) return;
  const names = users.map((user) => `"${user.document.Name}"`).join(', ');
  throw new Invalid(
    `The environment "${stored.document.Name}" is part of the lifecycle ${names}. Take it out of the phases there first.`,
  );
}
