/** Everything below a directory of the worker, without following a link. */
import { InfrastructureFailure } from '@argonaut/contracts';
import type { TreeEntry } from '@argonaut/runner/ports';
import type { Sftp } from './sftp.ts';

/** The type of a file in its mode (POSIX, sys/stat.h). */
const KINDS: ReadonlyMap<number, TreeEntry['kind']> = new Map([
  [0o100000, 'file'],
  [0o040000, 'directory'],
  [0o120000, 'link'],
]);

export async function treeBelow(
  sftp: Sftp,
  directory: string,
  mostEntries: number,
): Promise<readonly TreeEntry[]> {
  const found: TreeEntry[] = [];
  const waiting = [''];
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    for (const { filename, attrs } of await sftp.readdir(at === '' ? directory : `${directory}/${at}`)) {
      if (found.length >= mostEntries) {
        throw new InfrastructureFailure(`There are more than ${mostEntries} files below ${directory}.`);
      }
      const path = at === '' ? filename : `${at}/${filename}`;
      const kind = KINDS.get(attrs.mode & 0o170000) ?? 'other';
      found.push({ path, kind, size: attrs.size, permissions: attrs.mode & 0o777 });
      if (kind === 'directory') waiting.push(path);
    }
  }
  return found;
}
