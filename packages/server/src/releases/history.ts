/**
 * Where a release has been. Deployments know it; they answer through this port, so that releases need not know how
 * deployments are stored.
 */
import type { Services } from '../services.ts';

export interface PastDeployment {
  /** Of the deployment. */
  readonly id: string;
  readonly environmentId: string;
  readonly succeeded: boolean;
  /** The resources, as the progression shows them. */
  readonly deployment: object;
  readonly task: object;
}

/** Newest first. */
export type ReleaseHistory = (releaseId: string, space: string) => Promise<readonly PastDeployment[]>;

const histories = new WeakMap<Services, ReleaseHistory>();

/** Called once, while routes are declared. */
export function provideHistory(services: Services, history: ReleaseHistory): void {
  histories.set(services, history);
}

export async function historyOf(
  services: Services,
  release: { readonly id: string; readonly spaceId: string },
): Promise<readonly PastDeployment[]> {
  return (await histories.get(services)?.(release.id, release.spaceId)) ?? [];
}
