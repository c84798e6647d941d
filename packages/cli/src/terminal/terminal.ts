/** The client's end of a terminal: keys to the server, what comes back to the screen. */
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { ArgonautError, InfrastructureFailure, Invalid, NotFound, type Secret } from '@argonaut/contracts';
import { WebSocket } from 'ws';

export interface TerminalToOpen {
  /** `http://127.0.0.1:8080`. */
  readonly server: string;
  readonly apiKey: Secret;
  readonly task: string;
  readonly step?: string;
  readonly shell?: string;
  /** How often the server is asked whether it is there, and when it is not; default 10 s and 35 s. */
  readonly askEveryMs?: number;
  readonly lostAfterMs?: number;
}

export interface Screen {
  readonly input: Readable;
  readonly output: Writable;
  readonly term: string;
  size(): { readonly columns: number; readonly rows: number };
  onResize(listener: () => void): void;
  /** A line of our own, beside the output. */
  tell(line: string): void;
}

const HANDSHAKE_MS = 30_000;
/** Ctrl-D: where the input is no keyboard, its end is the end of what a shell reads. */
const END_OF_INPUT = Buffer.of(4);
/** A shell takes it for the end only at its prompt; while a command runs it is lost. So it is said again. */
const END_AGAIN_MS = 250;
/** Ctrl-C goes to the container: without this, whoever has lost the network would sit before a terminal that takes no key. */
const ASK_EVERY_MS = 10_000;
const LOST_AFTER_MS = 35_000;
/** What may wait to be sent before reading stops, in bytes. */
const WAITING_LIMIT = 256 * 1024;

/**
 * Resolves with the shell's exit code when it has ended; undefined when nobody knows it.
 * @throws NotFound, Invalid, Conflict as the server says; InfrastructureFailure when the connection is lost.
 */
export async function openTerminal(wanted: TerminalToOpen, screen: Screen): Promise<number | undefined> {
  const socket = new WebSocket(addressOf(wanted, screen), {
    headers: { 'x-octopus-apikey': wanted.apiKey.reveal(), 'user-agent': 'argonaut-cli' },
    handshakeTimeout: HANDSHAKE_MS,
  });
  const ended = Promise.withResolvers<number | undefined>();
  let isOver = false;
  const finish = (settle: () => void) => {
    isOver = true;
    settle();
    socket.close();
  };
  socket.on('unexpected-response', (_request, answer) => {
    refusal(answer).then((error) => finish(() => ended.reject(error)));
  });
  socket.on('error', (error) => {
    if (isOver) return;
    const message = `The server at ${wanted.server} cannot be reached: ${error.message}`;
    finish(() => ended.reject(new InfrastructureFailure(message, { cause: error })));
  });
  socket.on('close', () => {
    if (!isOver)
      finish(() => ended.reject(new InfrastructureFailure('The connection to the server was lost.')));
  });
  screen.output.on('error', (error: Error) => {
    if (isOver) return;
    const message = `The terminal's output is read by nobody any more: ${error.message}`;
    finish(() => ended.reject(new InfrastructureFailure(message, { cause: error })));
  });
  const { askEveryMs = ASK_EVERY_MS, lostAfterMs = LOST_AFTER_MS } = wanted;
  let heard = performance.now();
  const hear = () => {
    heard = performance.now();
  };
  socket.on('pong', hear);
  const asking = setInterval(() => {
    // While the screen is slow nothing is read, an answer neither.
    if (socket.isPaused) hear();
    if (socket.readyState !== WebSocket.OPEN) return;
    if (performance.now() - heard < lostAfterMs) return socket.ping();
    const seconds = Math.round(lostAfterMs / 1000);
    const message = `The connection to the server was lost: it has not answered for ${seconds} s.`;
    finish(() => ended.reject(new InfrastructureFailure(message)));
  }, askEveryMs);
  socket.on('message', (data: Buffer, isBinary: boolean) => {
    hear();
    if (isBinary) {
      if (screen.output.write(data)) return;
      socket.pause();
      screen.output.once('drain', () => socket.resume());
      return;
    }
    const message = JSON.parse(data.toString()) as ServerMessage;
    if (message.type === 'opened') {
      const held = message.held ? ', which is held after its failure' : '';
      screen.tell(`[${message.shell} in container ${message.container} of step "${message.step}"${held}]`);
    } else if (message.type === 'exit') finish(() => ended.resolve(message.code ?? undefined));
    else finish(() => ended.reject(new ArgonautError('Conflict', message.message)));
  });
  try {
    await Promise.race([once(socket, 'open'), ended.promise]);
    if (!isOver) type(socket, screen);
    return await ended.promise;
  } finally {
    clearInterval(asking);
    socket.terminate();
  }
}

type ServerMessage =
  | {
      readonly type: 'opened';
      readonly shell: string;
      readonly container: string;
      readonly step: string;
      readonly held: boolean;
    }
  | { readonly type: 'exit'; readonly code: number | null }
  | { readonly type: 'error'; readonly message: string };

function addressOf({ server, task, step, shell }: TerminalToOpen, screen: Screen): URL {
  const url = new URL(`/api/argonaut/tasks/${encodeURIComponent(task)}/terminal`, server);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  const { columns, rows } = screen.size();
  const query = { term: screen.term, columns: String(columns), rows: String(rows), step, shell };
  for (const [name, value] of Object.entries(query))
    if (value !== undefined) url.searchParams.set(name, value);
  return url;
}

function type(socket: WebSocket, screen: Screen): void {
  const { input } = screen;
  const isKeyboard = 'isTTY' in input && input.isTTY === true;
  const send = (bytes: Buffer) => {
    if (socket.readyState !== WebSocket.OPEN) return;
    socket.send(bytes, { binary: true }, () => {
      if (input.isPaused() && socket.bufferedAmount < WAITING_LIMIT) input.resume();
    });
    if (socket.bufferedAmount > WAITING_LIMIT) input.pause();
  };
  input.on('data', send);
  input.on('end', () => {
    if (isKeyboard) return;
    const again = setInterval(() => send(END_OF_INPUT), END_AGAIN_MS);
    socket.once('close', () => clearInterval(again));
  });
  screen.onResize(() => {
    if (socket.readyState === WebSocket.OPEN)
      socket.send(JSON.stringify({ type: 'resize', ...screen.size() }));
  });
}

/** The server refused before there was a connection; it answers in JSON then. */
async function refusal(answer: Readable & { readonly statusCode?: number | undefined }): Promise<Error> {
  let text = '';
  for await (const part of answer.setEncoding('utf8')) {
    text += String(part);
    if (text.length > 64 * 1024) break;
  }
  const status = answer.statusCode ?? 0;
  const message = /"ErrorMessage":\s*"((?:[^"\\]|\\.)*)"/.exec(text)?.[1] ?? `HTTP status ${status}`;
  if (status === 404) return new NotFound(message);
  return status < 500 ? new Invalid(message) : new InfrastructureFailure(message);
}
