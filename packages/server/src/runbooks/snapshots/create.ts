/** Makes a snapshot of a runbook: its process, the project's variables, the versions of its packages and its images, frozen. */
import { randomInt } from 'node:crypto';
import { Invalid } from '@argonaut/contracts';
import { type TemplatePackage, timestamp } from '@argonaut/contracts/rest';
import type { Stored } from '../../database/index.ts';
import { choosePackages, type Wishes } from '../../processes/packages/choose.ts';
import { packagesNeeded } from '../../processes/packages/needed.ts';
import { feedFacts } from '../../processes/packages/newest.ts';
import { freezeProcess, processesIn, runbookProcessId } from '../../processes/queries.ts';
import type { Project } from '../../projects/queries.ts';
import type { Services } from '../../services.ts';
import { snapshotProjectVariables } from '../../variables/index.ts';
import { type Runbook, runbooksIn } from '../queries.ts';
import { lockSnapshotImages } from './images.ts';
import { type RunbookSnapshot, runbookSnapshotsIn } from './queries.ts';

export interface NewRunbookSnapshot {
  readonly project: Stored<Project>;
  readonly runbook: Stored<Runbook>;
  /** Empty: a generated one. */
  readonly name: string;
  readonly notes?: string;
  readonly packages?: Wishes;
  /** Makes it the one that consumers and triggers run. */
  readonly publish: boolean;
  /** Fields that the server does not know; kept as they came. */
  readonly extra?: object;
}

/** Asks feeds before it writes, so call it outside of a transaction. @throws Invalid with every complaint. */
export async function createRunbookSnapshot(
  services: Services,
  wanted: NewRunbookSnapshot,
): Promise<Stored<RunbookSnapshot>> {
  const { database, now } = services;
  const { project, runbook } = wanted;
  const space = runbook.spaceId;
  const selected = await choosePackages(
    await runbookPackages(services, runbook),
    wanted.packages ?? {},
    (needed) =>
      feedFacts(services).newestVersion({ space, feedId: needed.FeedId, packageId: needed.PackageId }),
  );
  const made = await database.transaction(async () => {
    const snapshots = runbookSnapshotsIn(database);
    const name = wanted.name || nextSnapshotName();
    const [existing] = await snapshots.all({ space, parent: runbook.id, name });
    if (existing) {
      throw new Invalid(
        `The runbook "${runbook.document.Name}" already has a snapshot "${name}". Choose another name.`,
      );
    }
    const process = await freezeProcess(database, space, runbookProcessId(runbook.id));
    const variables = await snapshotProjectVariables(services, project);
    const stored = await snapshots.insert({
      space,
      document: {
        ...wanted.extra,
        Name: name,
        ProjectId: project.id,
        RunbookId: runbook.id,
        Notes: wanted.notes ?? '',
        SelectedPackages: selected,
        SelectedGitResources: [],
        FrozenRunbookProcessId: process.id,
        ...variables,
        Assembled: timestamp(now()),
      },
    });
    if (wanted.publish) {
      const live = await runbooksIn(database).get(runbook.id, space);
      await runbooksIn(database).update(live, { ...live.document, PublishedRunbookSnapshotId: stored.id });
    }
    return stored;
  });
  await lockSnapshotImages(services, made);
  return made;
}

export async function runbookPackages(
  services: Services,
  runbook: Stored<Runbook>,
): Promise<TemplatePackage[]> {
  const { database } = services;
  const space = runbook.spaceId;
  const process = await processesIn(database).get(runbookProcessId(runbook.id), space);
  const [last] = await runbookSnapshotsIn(database).all({ space, parent: runbook.id, take: 1 });
  const names = await feedFacts(services).names(space);
  return packagesNeeded(process.document.Steps, {
    last: last?.document.SelectedPackages,
    feedName: (id) => names.get(id) ?? id,
  });
}

/** Without letters that look like digits. */
const ALPHABET = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789';

/** `Snapshot 7GK2QX`. */
export function nextSnapshotName(): string {
  const text = Array.from({ length: 6 }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
  return `Snapshot ${text}`;
}
