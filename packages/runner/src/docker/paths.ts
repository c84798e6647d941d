/** Looking into a container's file system, whether it runs or not (the engine's archive calls). */
import { posix } from 'node:path';
import type { Readable } from 'node:stream';
import { InfrastructureFailure } from '@argonaut/contracts';
import type { PathState } from '../ports/engine.ts';
import type { EngineCalls } from './calls.ts';
import { statusOf } from './errors.ts';
import { number, record, text } from './json.ts';

/** Bits of Go's `fs.FileMode`, in which the engine answers. */
const directoryBit = 2 ** 31;
const symlinkBit = 2 ** 27;

/**
 * `undefined` when there is nothing. Below a file there is nothing either; engines then answer 500 (20.10), and an answer to
 * HEAD has no text that could say why, so the parent is looked at.
 */
export async function statPath(
  calls: EngineCalls,
  id: string,
  path: string,
  signal: AbortSignal,
): Promise<PathState | undefined> {
  try {
    return await statOnce(calls, id, path, signal);
  } catch (error) {
    const above = posix.dirname(path);
    if (statusOf(error) !== 500 || above === path) throw error;
    let parent = await statPath(calls, id, above, signal);
    if (parent?.kind === 'link') parent = await statPath(calls, id, parent.linkTarget, signal);
    if (parent?.kind === 'directory') throw error;
    return undefined;
  }
}

async function statOnce(
  calls: EngineCalls,
  id: string,
  path: string,
  signal: AbortSignal,
): Promise<PathState | undefined> {
  const answer = await calls.send(
    {
      method: 'HEAD',
      path: `/containers/${id}/archive`,
      query: { path },
      subject: `looking for ${path} in container ${id.slice(0, 12)}`,
      accept: [404],
    },
    signal,
  );
  answer.resume();
  if (answer.statusCode === 404) return undefined;
  const header = answer.headers['x-docker-container-path-stat'];
  if (typeof header !== 'string') {
    throw new InfrastructureFailure(`The engine at ${calls.name} does not say what ${path} is.`);
  }
  const stat = record(JSON.parse(Buffer.from(header, 'base64').toString('utf8')));
  const mode = number(stat.mode);
  return {
    kind: bit(mode, directoryBit) ? 'directory' : bit(mode, symlinkBit) ? 'link' : 'other',
    permissions: mode % 0o1000,
    size: number(stat.size),
    linkTarget: text(stat.linkTarget),
  };
}

function bit(mode: number, which: number): boolean {
  return Math.floor(mode / which) % 2 === 1;
}

export async function readPath(
  calls: EngineCalls,
  id: string,
  path: string,
  signal: AbortSignal,
): Promise<Readable | undefined> {
  const answer = await calls.send(
    {
      method: 'GET',
      path: `/containers/${id}/archive`,
      query: { path },
      subject: `reading ${path} from container ${id.slice(0, 12)}`,
      accept: [404],
    },
    signal,
  );
  if (answer.statusCode !== 404) return answer;
  answer.resume();
  return undefined;
}
