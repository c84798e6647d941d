/**
 * Standard output of a command whose reader may be slow, or leave: `| head` closes it, a file's disk fills up. Without a listener
 * that would end the process in the middle, with a stack trace and whatever it was doing undone.
 */
import { once } from 'node:events';

export class StandardOutput {
  readonly #stream: NodeJS.WriteStream;
  #lost = false;

  /** `onLost` is called once, when nothing that is written from now on reaches anybody. */
  constructor(onLost: (error: NodeJS.ErrnoException) => void, stream: NodeJS.WriteStream = process.stdout) {
    this.#stream = stream;
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (this.#lost) return;
      this.#lost = true;
      onLost(error);
    });
    // With `2>&1` both have the same reader; where nobody can be told anything there is nothing to do.
    process.stderr.on('error', () => {});
  }

  readonly write = (text: string): void => {
    if (!this.#lost) this.#stream.write(text);
  };

  /** Resolves when the reader has caught up: what is not read would wait in memory. */
  readonly caughtUp = async (signal: AbortSignal): Promise<void> => {
    if (!this.#lost && this.#stream.writableNeedDrain) await once(this.#stream, 'drain', { signal });
  };
}

/** Resolves when all that was written has left this process, or never will: a slow reader must not lose the end. */
export async function flushed(stream: NodeJS.WriteStream): Promise<void> {
  if (stream.writableLength === 0 || stream.destroyed) return;
  await new Promise<void>((resolve) => stream.write('', () => resolve()));
}
