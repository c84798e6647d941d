/**
 * What goes along when something goes. A folder whose things hang on another folder's (deployments on releases) says so
 * at start-up, so that the owner need not know who depends on it.
 */
import type { Stored } from './database/index.ts';
import type { Services } from './services.ts';

/** Kinds that take others along, by the name of their collection. */
export type Owner = 'Projects' | 'Channels' | 'Releases' | 'Runbooks' | 'RunbookSnapshots';

/** Runs inside the transaction of the removal. Throws to refuse it (`Invalid`: what stands against it). */
export type Removal = (stored: Stored<object>) => Promise<void>;

const registered = new WeakMap<Services, Map<Owner, Removal[]>>();

/** Called while routes are declared. */
export function whenRemoved(services: Services, owner: Owner, removal: Removal): void {
  const all = registered.get(services) ?? new Map<Owner, Removal[]>();
  registered.set(services, all);
  all.set(owner, [...(all.get(owner) ?? []), removal]);
}

/** Removes everything that hangs on `stored`, in the order of registration. */
export async function removeDependants(
  services: Services,
  owner: Owner,
  stored: Stored<object>,
): Promise<void> {
  for (const removal of registered.get(services)?.get(owner) ?? []) await removal(stored);
}
