/** Keeps declared files in a directory of the run. */
import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ArtifactStore } from '@argonaut/server/execution';

/** Each artifact has a directory of its own: names may repeat, and are the script's. */
export function fileArtifacts(directory: string): ArtifactStore {
  return {
    async put(_task, { id, name }, content) {
      const home = join(directory, id);
      await mkdir(home, { recursive: true, mode: 0o700 });
      const path = join(home, plainName(name));
      try {
        await pipeline(Readable.from(content), createWriteStream(`${path}.part`, { mode: 0o600 }));
        await rename(`${path}.part`, path);
      } catch (error) {
        // A directory without its file would look like an artifact.
        await rm(home, { recursive: true, force: true });
        throw error;
      }
    },
  };
}

/** A name without directories or characters that a file system minds. */
function plainName(name: string): string {
  const plain = (name.split(/[/\\]/).at(-1) ?? '').replaceAll(/[\0-\x1f]/g, '_');
  return plain === '' || plain === '.' || plain === '..' ? 'artifact' : plain;
}
