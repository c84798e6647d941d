/**
 * Reads one file of a container, running or ended, through the engine: links are followed inside the container only, so
 * a link that a step made leads nowhere else.
 */
import { posix } from 'node:path';
import type { Writable } from 'node:stream';
import { InfrastructureFailure, Invalid, messageOf, NotFound } from '@argonaut/contracts';
import { mountPoints } from '@argonaut/init';
import { extract } from 'tar-stream';
import type { Engine } from '../ports/engine.ts';
import type { JournalEntry } from '../ports/journal.ts';
import { containerName } from './container-config.ts';
import { workFolder } from './staging-directory.ts';

export async function* readContainerFile(
  engine: Engine,
  entry: JournalEntry,
  path: string,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  if (path === '' || path.includes('\0'))
    throw new Invalid(`${JSON.stringify(path)} is not the path of a file.`);
  const id = entry.containerId ?? containerName(entry.spec.attempt);
  const absolute = posix.resolve(`${mountPoints.attempt}/${workFolder}`, path);
  const found = await locate(engine, id, absolute, signal);
  const archive = await engine.readPath(id, found, signal);
  if (!archive) throw missing(path);
  const tar = extract();
  archive.on('error', (cause) => {
    // What was read so far is a part only; the engine, or the way to it, may be back in a moment.
    const text = `The connection to the engine broke off while ${path} was read: ${messageOf(cause)}`;
    tar.destroy(new InfrastructureFailure(text, { cause, details: { connection: 'broken' } }));
  });
  // A stream in all but its type.
  archive.pipe(tar as unknown as Writable);
  try {
    for await (const file of tar) {
      if (file.header.type !== 'file') throw new Invalid(`${path} is not a plain file.`);
      for await (const part of file) yield part as Uint8Array;
      return;
    }
    throw new InfrastructureFailure(`The engine gave no content for ${path}.`);
  } finally {
    archive.destroy();
    tar.destroy();
  }
}

async function locate(engine: Engine, id: string, path: string, signal: AbortSignal): Promise<string> {
  const state = await engine.statPath(id, path, signal);
  if (!state) throw missing(path);
  if (state.kind === 'directory') throw new Invalid(`${path} is a directory; name a file.`);
  if (state.kind !== 'link') return path;
  const target = await engine.statPath(id, state.linkTarget, signal);
  if (!target || target.kind === 'link') throw missing(path);
  if (target.kind === 'directory') throw new Invalid(`${path} leads to a directory; name a file.`);
  return state.linkTarget;
}

function missing(path: string): NotFound {
  return new NotFound(`There is no file ${path} in the step's container.`);
}
