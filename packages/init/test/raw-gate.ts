/** Messages and answers as bytes, for what a well-behaved client would never send. */
import type { Socket } from 'node:net';
import { AnswerDecoder } from '../src/index.ts';
import { encodeMessage, encodeRecord } from '../src/protocol.ts';

export function withGo(...records: Buffer[]): Buffer {
  return encodeMessage([encodeRecord('argument', 'true'), ...records, encodeRecord('go')]);
}

export function changed(message: Buffer, at: number, byte: number): Buffer {
  message[at] = byte;
  return message;
}

export function badRecord(): Buffer {
  const record = encodeRecord('env', 'A=b');
  record.writeUInt32LE(1000, 1);
  return encodeMessage([record]);
}

export function write(socket: Socket, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) =>
    socket.write(bytes, (error) => (error ? reject(error) : resolve())),
  );
}

export function firstAnswer(socket: Socket, message: Buffer): Promise<unknown> {
  const decoder = new AnswerDecoder();
  return new Promise((resolve, reject) => {
    socket.on('data', (bytes) => {
      const [answer] = decoder.push(Buffer.from(bytes));
      if (answer === undefined) return;
      resolve(answer);
      socket.destroy();
    });
    socket.once('error', reject);
    socket.once('end', () => reject(new Error('the gate closed without an answer')));
    socket.write(message);
  });
}
