/** Everything below a directory of this machine, without following a link. */
import type { Dirent, Stats } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { InfrastructureFailure } from '@argonaut/contracts';
import type { TreeEntry } from '../ports/files.ts';

export async function treeBelow(
  directory: string,
  mostEntries: number,
  signal: AbortSignal,
): Promise<readonly TreeEntry[]> {
  const found: TreeEntry[] = [];
  const waiting = [''];
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    for (const entry of await readdir(join(directory, at), { withFileTypes: true })) {
      signal.throwIfAborted();
      if (found.length >= mostEntries) {
        throw new InfrastructureFailure(`There are more than ${mostEntries} files below ${directory}.`);
      }
      const path = at === '' ? entry.name : `${at}/${entry.name}`;
      const { size, mode } = await lstat(join(directory, path));
      found.push({ path, kind: kindOf(entry), size, permissions: mode & 0o777 });
      if (entry.isDirectory()) waiting.push(path);
    }
  }
  return found;
}

function kindOf(entry: Dirent | Stats): TreeEntry['kind'] {
  if (entry.isFile()) return 'file';
  if (entry.isDirectory()) return 'directory';
  return entry.isSymbolicLink() ? 'link' : 'other';
}
