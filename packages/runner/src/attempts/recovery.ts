/**
 * What the runner does about the past when it starts: attempts that never began are thrown away, removals that were
 * under way are taken up again, and what nobody remembers is ended and removed. Attempts that were opened are left alone:
 * whoever follows them finds them where they are.
 */
import { basename } from 'node:path';
import type { Engine } from '../ports/engine.ts';
import type { SandboxPool } from '../sandboxes/pool.ts';
import { labels } from './container-config.ts';
import { endThroughGate } from './disposal.ts';
import { StagingDirectory } from './staging-directory.ts';
import { type AttemptRoom, wasOpened } from './surroundings.ts';

/** The part that needs no engine. */
export async function recoverAttempts(room: AttemptRoom, signal: AbortSignal): Promise<void> {
  const { book, files, disposal, attemptsDirectory } = room;
  const known = new Set<string>();
  for (const entry of book.entries()) {
    known.add(basename(entry.directory));
    if (wasOpened(entry.phase)) continue;
    disposal.begin(entry.phase === 'finished' ? entry : await book.put({ ...entry, phase: 'finished' }));
  }
  for (const name of await files.list(attemptsDirectory, signal)) {
    if (known.has(name)) continue;
    const directory = new StagingDirectory(`${attemptsDirectory}/${name}`);
    for (const service of await files.list(directory.services, signal))
      await endThroughGate(room, directory.service(service), signal);
    await endThroughGate(room, directory, signal);
    await files.remove(directory.root, signal);
  }
}

/** The part that the engine knows about: everything with the labels of this runner that the journal does not account for. */
export async function recoverContainers(
  room: AttemptRoom,
  engine: Engine,
  sandboxes: SandboxPool,
  owner: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<void> {
  const stagings = new Set<string>();
  const joined = new Set<string>();
  for (const entry of room.book.entries()) {
    stagings.add(basename(entry.directory));
    if (!entry.sandboxId || !wasOpened(entry.phase)) continue;
    joined.add(entry.sandboxId);
    sandboxes.adopt(entry.spec.lane, entry.sandboxId);
  }
  for (const container of await engine.listContainers(owner, signal)) {
    const staging = container.labels[labels.staging];
    // A service's staging lies below that of its attempt.
    if (staging !== undefined && stagings.has(staging.split('/')[0] ?? '')) continue;
    if (joined.has(container.id)) continue;
    if (staging !== undefined) {
      await endThroughGate(room, new StagingDirectory(`${room.attemptsDirectory}/${staging}`), signal);
    }
    await engine.removeContainer(container.id, signal);
  }
}
