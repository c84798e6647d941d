/** Room on the worker's disk for one more package: the oldest of the others go first. Whoever needs one again fetches it again. */
import { randomBytes } from 'node:crypto';
import { InfrastructureFailure } from '@argonaut/contracts';
import type { Files } from '../ports/files.ts';

/** Left for everything else on the disk. */
const RESERVE_BYTES = 256 * 1024 ** 2;
/** A package under this name is none any more, whenever its removal ends. */
export const LEAVING = 'leaving-';

/** @throws InfrastructureFailure when there is not enough even without any other package */
export async function makeRoom(
  files: Files,
  directory: string,
  bytes: number,
  packageName: string,
  signal: AbortSignal,
): Promise<void> {
  const isEnough = async () => {
    const space = await files.space(directory, signal);
    return space === undefined || space.freeBytes >= bytes + RESERVE_BYTES;
  };
  if (await isEnough()) return;
  for (const path of await oldestFirst(files, directory, signal)) {
    // Away from its name first: removing a directory takes time, and what is half gone must not be taken for a package.
    const leaving = `${directory}/${LEAVING}${randomBytes(8).toString('hex')}`;
    try {
      await files.rename(path, leaving, signal);
    } catch (error) {
      // Somebody else makes room at the same time, and was quicker.
      if ((await files.stat(path, signal)) !== undefined) throw error;
    }
    await files.remove(leaving, signal);
    if (await isEnough()) return;
  }
  throw new InfrastructureFailure(
    `There is no room for package ${packageName} on the worker's disk: it needs ${bytes + RESERVE_BYTES} bytes. Free some space.`,
    { details: { code: 'ENOSPC' } },
  );
}

async function oldestFirst(files: Files, directory: string, signal: AbortSignal): Promise<string[]> {
  const found: { readonly path: string; readonly modifiedMs: number }[] = [];
  for (const name of await files.list(directory, signal)) {
    if (!/^[0-9a-f]{64}\.(file|tree)$/.test(name)) continue;
    const path = `${directory}/${name}`;
    const state = await files.stat(path, signal);
    if (state) found.push({ path, modifiedMs: state.modifiedMs });
  }
  return found.sort((a, b) => a.modifiedMs - b.modifiedMs).map(({ path }) => path);
}
