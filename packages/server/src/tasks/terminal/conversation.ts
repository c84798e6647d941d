/**
 * A terminal over a WebSocket. Binary messages are bytes, in both directions. Text messages are JSON: from the client
 * `{type: "resize", columns, rows}`; to the client `{type: "opened", …}` first and `{type: "exit", code}` last. Nothing of
 * it is stored.
 */

import { ArgonautError, TimedOut } from '@argonaut/contracts';
import type { TerminalSession } from '@argonaut/contracts/attempt';
import type { WebSocket } from '@fastify/websocket';

/** What may wait to be typed before the client is asked to pause, in bytes. */
const WAITING_LIMIT = 256 * 1024;

/** What a client says. It may begin before anybody is there to listen. */
export class TerminalClient {
  readonly #socket: WebSocket;
  readonly #typed: Buffer[] = [];
  #waiting = 0;
  #session: TerminalSession | undefined;
  #typing: Promise<void> = Promise.resolve();
  /** When something last came, by `performance.now()`. */
  lastInput = performance.now();

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      this.lastInput = performance.now();
      if (isBinary) this.#type(data);
      else this.#instruct(data.toString());
    });
  }

  begin(session: TerminalSession): void {
    this.#session = session;
    this.#pump();
  }

  /** Resolves when it has left this process, so that a slow client slows the terminal. */
  show(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.send(bytes, { binary: true }, (error) => (error ? reject(error) : resolve()));
    });
  }

  /** Without a word: one that takes nothing any more would not hear it. */
  drop(): void {
    this.#socket.terminate();
  }

  tell(message: object): void {
    this.#socket.send(JSON.stringify(message));
  }

  #type(data: Buffer): void {
    this.#typed.push(data);
    this.#waiting += data.length;
    if (this.#waiting > WAITING_LIMIT) this.#socket.pause();
    this.#pump();
  }

  #pump(): void {
    const session = this.#session;
    if (session === undefined || this.#typed.length === 0) return;
    const bytes = Buffer.concat(this.#typed.splice(0));
    this.#typing = this.#typing
      .then(() => session.write(bytes))
      // The output ends then, too, and with it the conversation.
      .catch(() => {})
      .then(() => {
        this.#waiting -= bytes.length;
        if (this.#waiting <= WAITING_LIMIT && this.#socket.isPaused) this.#socket.resume();
      });
  }

  #instruct(text: string): void {
    const size = readSize(text);
    if (size !== undefined) this.#session?.resize(size).catch(() => {});
  }
}

function readSize(text: string): { readonly columns: number; readonly rows: number } | undefined {
  try {
    const message: unknown = JSON.parse(text);
    if (typeof message !== 'object' || message === null || !('type' in message)) return undefined;
    if (message.type !== 'resize' || !('columns' in message) || !('rows' in message)) return undefined;
    const { columns, rows } = message;
    return isLength(columns) && isLength(rows) ? { columns, rows } : undefined;
  } catch {
    return undefined;
  }
}

function isLength(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= 1000;
}

/**
 * Shows the session to the client until it ends, the client leaves or may no more (`signal`), or nobody has typed for `idleMs`.
 * @throws TimedOut, and the `ArgonautError` that the signal is aborted with
 */
export async function talk(
  client: TerminalClient,
  session: TerminalSession,
  idleMs: number,
  signal: AbortSignal,
): Promise<number | undefined> {
  let isIdle = false;
  const end = () => void session.close();
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
  const watch = setInterval(
    () => {
      // The output has ended long ago, unless its last piece waits for a client that takes nothing.
      if (isIdle || signal.aborted) client.drop();
      if (performance.now() - client.lastInput < idleMs) return;
      isIdle = true;
      end();
    },
    Math.min(idleMs / 4, 10_000),
  );
  try {
    for await (const bytes of session.output) await client.show(bytes);
    if (isIdle)
      throw new TimedOut(
        `Nobody typed for ${Math.round(idleMs / 60_000)} minutes, so the terminal was closed.`,
      );
    if (signal.reason instanceof ArgonautError) throw signal.reason;
    return signal.aborted ? undefined : await session.exitCode();
  } finally {
    clearInterval(watch);
    signal.removeEventListener('abort', end);
    await session.close();
  }
}
