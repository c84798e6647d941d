/** Looking into a container's file system, whether it runs or not (the engine's archive calls). */
import type { Readable } from 'node:stream';
import { InfrastructureFailure } from '@argonaut/contracts';
import type { PathState } from '../ports/engine.ts';
import type { EngineCalls } from './calls.ts';
import { number, record, text } from './json.ts';

/** Bits of Go's `fs.FileMode`, in which the engine answers. */
const directoryBit = 2 ** 31;
const symlinkBit = 2 ** 27;

export async function statPath(
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
