/**
 * Deployments that nobody asks for: a release that enters a phase goes to the phase's automatic environments at once. It
 * belongs to the transaction of what brings the release there, so that there is never one without the other. What cannot
 * be deployed is told in the audit trail and does not undo its cause. Deployments know how to deploy; they answer through
 * this port, so that releases need not know how.
 */
import { Conflict, Invalid, NotFound } from '@argonaut/contracts';
import type { Stored } from '../database/index.ts';
import { environmentsIn } from '../environments/queries.ts';
import { recordEvent } from '../events/index.ts';
import { projectsIn } from '../projects/queries.ts';
import type { Services } from '../services.ts';
import { wayOf } from './lifecycle.ts';
import { automaticEnvironments, type Entry } from './progression.ts';
import { type Release, releasesIn } from './queries.ts';

/** In the caller's transaction; writes nothing when it throws Invalid, NotFound or Conflict. */
export type Deploy = (release: Stored<Release>, environmentId: string) => Promise<unknown>;

const deployers = new WeakMap<Services, Deploy>();

/** Called once, while routes are declared. */
export function provideDeployer(services: Services, deploy: Deploy): void {
  deployers.set(services, deploy);
}

/** The release was just made. In the transaction that makes it. */
export async function enterFirstPhases(services: Services, release: Stored<Release>): Promise<void> {
  const { progress } = await wayOf(services, release);
  await deployAll(services, release, automaticEnvironments(progress));
}

/**
 * The deployment has succeeded: deploys on if that completes a phase. In the transaction that stores the success; a
 * second time it finds the deployments of the first.
 */
export async function enterNextPhases(
  services: Services,
  releaseId: string,
  deploymentId: string,
): Promise<void> {
  const { database } = services;
  // Two deployments that complete a phase together must see each other, or neither would be the last one.
  await database.exclusively(`progression of ${releaseId}`, async () => {
    const release = await releasesIn(database).find(releaseId);
    if (release === undefined) return;
    const { progress, history } = await wayOf(services, release);
    const others = history.filter((past) => past.succeeded && past.id !== deploymentId);
    const before = new Set(others.map((past) => past.environmentId));
    await deployAll(services, release, automaticEnvironments(progress, before));
  });
}

async function deployAll(
  services: Services,
  release: Stored<Release>,
  entries: readonly Entry[],
): Promise<void> {
  const deploy = deployers.get(services);
  if (deploy === undefined) return;
  for (const entry of entries) {
    try {
      await deploy(release, entry.environmentId);
    } catch (error) {
      const isRefusal = error instanceof Invalid || error instanceof NotFound || error instanceof Conflict;
      if (!isRefusal) throw error;
      await tellRefusal(services, release, entry, error.message);
    }
  }
}

async function tellRefusal(
  services: Services,
  { id, spaceId, document }: Stored<Release>,
  { phase, environmentId }: Entry,
  reason: string,
): Promise<void> {
  const { database } = services;
  const project = await projectsIn(database).get(document.ProjectId, spaceId);
  const environment = await environmentsIn(database).find(environmentId, spaceId);
  const where = environment?.document.Name ?? environmentId;
  await recordEvent(services, {
    category: 'AutomaticDeploymentRefused',
    space: spaceId,
    message: `${project.document.Name} release ${document.Version} entered the phase "${phase}", but could not be deployed to ${where} by itself: ${reason}`,
    related: [id, project.id, document.ChannelId, environmentId],
    mentions: [
      { id: project.id, text: project.document.Name },
      { id, text: document.Version },
      { id: environmentId, text: where },
    ],
  });
}
