/** SHA-256 and length of each stream of each attempt, as stored: the proof that nothing was lost or doubled. */
import { createHash, type Hash } from 'node:crypto';
import { type LogSource, readFrames } from './reader.ts';

export interface StreamHash {
  readonly activity: string;
  readonly stream: 'stdout' | 'stderr';
  readonly bytes: number;
  readonly sha256: string;
}

export async function hashStreams(source: LogSource): Promise<readonly StreamHash[]> {
  const streams = new Map<
    string,
    { hash: Hash; bytes: number; activity: string; stream: 'stdout' | 'stderr' }
  >();
  for await (const { frame } of readFrames(source)) {
    if (frame.type !== 'text' || frame.source === 'server') continue;
    const key = `${frame.activity}\n${frame.source}`;
    let entry = streams.get(key);
    if (entry === undefined) {
      entry = { hash: createHash('sha256'), bytes: 0, activity: frame.activity, stream: frame.source };
      streams.set(key, entry);
    }
    entry.hash.update(frame.bytes);
    entry.bytes += frame.bytes.length;
  }
  return [...streams.values()].map(({ hash, ...rest }) => ({ ...rest, sha256: hash.digest('hex') }));
}
