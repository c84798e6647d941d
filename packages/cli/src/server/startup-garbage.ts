/** What a start leaves behind in memory: sources that were read and things that were made once. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** By then a server that finds tasks has taken them up, and one that finds none is idle. */
const AFTER_MS = 5_000;

/**
 * Collects the garbage of the start once. V8 would do so when its heap has grown, and an idle server's never does: it
 * would keep some 20 MB for nothing (the benchmark `idle`).
 */
export function collectStartupGarbage(): void {
  setTimeout(() => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as (options: { type: 'major'; flavor: 'last-resort' }) => void;
    collect({ type: 'major', flavor: 'last-resort' });
  }, AFTER_MS).unref();
}
