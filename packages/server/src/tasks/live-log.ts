/**
 * A task's log as server-sent events, while it is written. The id of each event is the place in the log behind it, at a
 * frame's boundary, so a client that comes back with the last id it has seen misses nothing and gets nothing twice.
 */
import type { Services } from '../services.ts';
import { type LogFrame, readFrames } from '../tasklog/index.ts';
import { isCompleted, tasksIn } from './queries.ts';
import { openRunLog } from './runs/run-log.ts';

/** Proxies drop connections that say nothing; also how soon the writing of another server is noticed. */
const LOOK_AGAIN_MS = 1_000;
const HEARTBEAT_EVERY = 15;

export async function* eventStream(
  services: Services,
  task: string,
  from: number,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const { database, blobs, news, stopping } = services;
  const log = openRunLog(database, blobs, task);
  const end = AbortSignal.any([signal, stopping]);
  let next = from;
  let silent = 0;
  let told = false;
  let wake = () => {};
  const unsubscribe = news.listen(task, () => {
    told = true;
    wake();
  });
  end.addEventListener('abort', () => wake(), { once: true });
  try {
    yield 'retry: 1000\n\n';
    while (!end.aborted) {
      told = false;
      // Asked before the log is read: what was written before the end is then read as well.
      const { document } = await tasksIn(database).get(task);
      for await (const placed of readFrames(log, next)) {
        next = placed.next;
        yield `id: ${next}\nevent: ${placed.frame.type}\ndata: ${JSON.stringify(dataOf(placed.frame))}\n\n`;
        if (end.aborted) return;
      }
      if (isCompleted(document)) {
        yield `event: end\ndata: ${JSON.stringify({ state: document.State, errorMessage: document.ErrorMessage })}\n\n`;
        return;
      }
      if (told) continue;
      const { promise, resolve } = Promise.withResolvers<void>();
      wake = resolve;
      const timer = setTimeout(resolve, LOOK_AGAIN_MS);
      if (!end.aborted) await promise;
      clearTimeout(timer);
      silent += 1;
      if (silent % HEARTBEAT_EVERY === 0) yield ': still here\n\n';
    }
  } finally {
    unsubscribe();
  }
}

/** Text as text when it is one, otherwise (cut inside a character, or binary) as base64: exact either way. */
function dataOf(frame: LogFrame): object {
  if (frame.type !== 'text') {
    const { type: _, ...data } = frame;
    return data;
  }
  const { type: _, bytes, ...data } = frame;
  const buffer = Buffer.from(bytes);
  const text = buffer.toString();
  return Buffer.from(text).equals(buffer)
    ? { ...data, text }
    : { ...data, base64: buffer.toString('base64') };
}
