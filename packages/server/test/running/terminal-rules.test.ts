/** The rules of a terminal, without a server: which attempt is meant, and when a conversation ends by itself. */
import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import type { TerminalSession } from '@argonaut/contracts/attempt';
import type { WebSocket } from '@fastify/websocket';
import { describe, expect, it } from 'vitest';
import { TerminalClient, talk } from '../../src/tasks/terminal/conversation.ts';

/** The parts of a socket that a conversation uses. */
class FakeSocket extends EventEmitter {
  isPaused = false;
  /** A client that takes nothing any more, and says nothing about it. */
  isStalled = false;
  readonly sent: unknown[] = [];
  #waiting: (() => void) | undefined;
  send(data: unknown, _options?: unknown, done?: (error?: Error) => void): void {
    this.sent.push(data);
    if (this.isStalled) this.#waiting = () => done?.(new Error('dropped'));
    else done?.();
  }
  terminate(): void {
    this.#waiting?.();
  }
  pause(): void {
    this.isPaused = true;
  }
  resume(): void {
    this.isPaused = false;
  }
}

function conversation(write: (bytes: Uint8Array) => Promise<void> = async () => {}) {
  const socket = new FakeSocket();
  const client = new TerminalClient(socket as unknown as WebSocket);
  const shown = new PassThrough();
  const sizes: object[] = [];
  const session: TerminalSession = {
    container: 'c',
    shell: 'sh',
    output: shown,
    write,
    resize: async (size) => void sizes.push(size),
    exitCode: async () => 0,
    close: async () => void shown.end(),
  };
  return { socket, client, session, shown, sizes };
}

describe('a conversation', () => {
  it('ends when nobody types, and says for how long', async () => {
    const { client, session } = conversation();
    const talking = talk(client, session, 40, new AbortController().signal);
    await expect(talking).rejects.toThrow('Nobody typed for');
  });

  it('ends also when the client takes nothing any more', async () => {
    const { socket, client, session, shown } = conversation();
    socket.isStalled = true;
    shown.write('output');
    const talking = talk(client, session, 40, new AbortController().signal);
    await expect(talking).rejects.toThrow('dropped');
  });

  it('ends when the client has left, without an exit code', async () => {
    const { client, session } = conversation();
    const left = new AbortController();
    const talking = talk(client, session, 60_000, left.signal);
    left.abort();
    expect(await talking).toBeUndefined();
  });

  it('keeps what is typed before the shell is there, in order', async () => {
    const typed: string[] = [];
    const { socket, client, session } = conversation(async (bytes) => {
      typed.push(Buffer.from(bytes).toString());
    });
    socket.emit('message', Buffer.from('one '), true);
    socket.emit('message', Buffer.from('two'), true);
    client.begin(session);
    await expect.poll(() => typed.join('')).toBe('one two');
  });

  it('asks a client to pause that types faster than the terminal takes it', async () => {
    const taken = Promise.withResolvers<void>();
    const { socket, client, session } = conversation(() => taken.promise);
    client.begin(session);
    socket.emit('message', Buffer.alloc(300 * 1024), true);
    expect(socket.isPaused).toBe(true);
    taken.resolve();
    await expect.poll(() => socket.isPaused).toBe(false);
  });

  it('takes sizes that make sense and passes over everything else', () => {
    const { socket, client, session, sizes } = conversation();
    client.begin(session);
    for (const text of [
      '{"type":"resize","columns":90,"rows":30}',
      '{"type":"resize","columns":0,"rows":30}',
      '{"type":"resize","columns":1e9,"rows":30}',
      '{"type":"exec","command":"rm"}',
      'not json',
      'null',
    ]) {
      socket.emit('message', Buffer.from(text), false);
    }
    expect(sizes).toEqual([{ columns: 90, rows: 30 }]);
  });
});
