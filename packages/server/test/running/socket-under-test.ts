/** A client of a terminal: what it was shown, what it was told, and how it ended. */
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';

const DEADLINE_MS = 180_000;

export interface SocketUnderTest extends AsyncDisposable {
  readonly socket: WebSocket;
  /** Everything shown so far. */
  bytes(): Buffer;
  /** Text messages so far. */
  readonly told: Record<string, unknown>[];
  type(bytes: string | Uint8Array): void;
  tell(message: object): void;
  /** Resolves when the text has been shown. */
  shows(text: string): Promise<void>;
  /** Resolves when the other side has closed. */
  readonly closed: Promise<number>;
}

/** Rejects with status and body when the server refuses before there is a connection. */
export async function openSocket(
  address: string,
  path: string,
  headers: Readonly<Record<string, string>>,
): Promise<SocketUnderTest> {
  const socket = new WebSocket(new URL(path, address.replace(/^http/, 'ws')), { headers });
  const shown: Buffer[] = [];
  const told: Record<string, unknown>[] = [];
  socket.on('message', (data: Buffer, isBinary: boolean) => {
    if (isBinary) shown.push(data);
    else told.push(JSON.parse(data.toString()));
  });
  const closed = new Promise<number>((resolve) => {
    socket.once('close', resolve);
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('open', () => resolve());
    socket.once('error', reject);
    socket.once('unexpected-response', (_request, answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      answer.on('end', () => reject(new Error(`${answer.statusCode}: ${text}`)));
    });
  });
  const bytes = () => Buffer.concat(shown);
  return {
    socket,
    bytes,
    told,
    closed,
    type: (data) => socket.send(typeof data === 'string' ? Buffer.from(data) : data, { binary: true }),
    tell: (message) => socket.send(JSON.stringify(message)),
    async shows(text) {
      const end = Date.now() + DEADLINE_MS;
      while (!bytes().includes(text)) {
        if (Date.now() > end || socket.readyState === WebSocket.CLOSED)
          throw new Error(`It does not show ${JSON.stringify(text)}: ${bytes()} ${JSON.stringify(told)}`);
        await sleep(10);
      }
    },
    [Symbol.asyncDispose]: async () => {
      socket.terminate();
      if (socket.readyState !== WebSocket.CLOSED) await closed;
    },
  };
}
