/** Where Argonaut keeps what is its own, made for its owner only. */
import { lstat, mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Invalid, messageOf } from '@argonaut/contracts';

/** Makes the data directory if it is missing. @throws Invalid that names `ARGONAUT_DATA` when it cannot be one */
export async function makeDataDirectory(path: string): Promise<void> {
  try {
    await makeDirectory(path);
  } catch (cause) {
    throw new Invalid(
      `ARGONAUT_DATA: ${path} cannot be the data directory. Name a directory that this user may make or write to. (${messageOf(cause)})`,
      { cause },
    );
  }
}

/**
 * Makes a directory and what is missing above it, for its owner only. (`mkdir` with `recursive` never ends where the system says
 * "no such file" of a parent that is there, as in /proc.)
 */
async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && (await stat(path)).isDirectory()) return;
    const parent = dirname(path);
    if (code !== 'ENOENT' || parent === path || (await isThere(parent))) throw error;
    await makeDirectory(parent);
    await mkdir(path, { mode: 0o700 });
  }
}

async function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}
