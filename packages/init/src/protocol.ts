/**
 * The wire of `ctl`, pure. A message is `"ARG1", u32 length, u32 crc32(records), records`, a record is
 * `u8 type, u32 length, bytes`; all integers little-endian. Types below 32 go to init, from 32 they come from it.
 * The relay (`argonaut-init ctl`) takes the same messages on stdin and gives the answers as text lines on stderr.
 */
import { crc32 } from 'node:zlib';
import { type ExitRecord, parseExitRecord } from './exit-record.ts';
import { gateLimits } from './facts.ts';

export const recordTypes = {
  env: 1,
  file: 2,
  fileMore: 3,
  argument: 4,
  cwd: 5,
  option: 6,
  go: 7,
  status: 8,
  cancel: 9,
  release: 10,
  ping: 11,
  hello: 12,
  state: 32,
  ok: 33,
  already: 34,
  error: 35,
  failed: 36,
  exit: 37,
  superseded: 38,
} as const;

export type RecordType = keyof typeof recordTypes;

const magic = Buffer.from('ARG1', 'latin1');
const headerBytes = 12;
/** Bytes of a record before its content. */
export const recordHeaderBytes = 5;

/** Where an attempt is, in init's words. `draining`: the program has ended, its children or the log have not. */
export type InitPhase = 'waiting' | 'running' | 'draining' | 'held' | 'lingering';

export interface InitState {
  readonly phase: InitPhase;
  /** The log cannot be written (no space); the program blocks, nothing is lost, init tries again by itself. */
  readonly logBlocked: boolean;
}

export type Answer =
  | { readonly type: 'state'; readonly state: InitState }
  | { readonly type: 'ok' }
  | { readonly type: 'already' }
  /** The message was refused and nothing happened. */
  | { readonly type: 'error'; readonly message: string }
  /** `go` was obeyed but the program could not be started. */
  | { readonly type: 'failed'; readonly stage: string; readonly errno: number }
  | { readonly type: 'exit'; readonly record: ExitRecord }
  | { readonly type: 'superseded' }
  /** Only from a relay: the socket is gone (init has ended, or the script removed it); signals still reach init. */
  | { readonly type: 'no-socket' };

/** What came does not follow the protocol: another program answers, or the versions differ. */
export class ProtocolError extends Error {
  readonly kind = 'Protocol';
}

/** One record: type, length, bytes. */
export function encodeRecord(type: RecordType, ...content: (string | Uint8Array)[]): Buffer {
  const parts = content.map((part) => (typeof part === 'string' ? Buffer.from(part, 'utf8') : part));
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const header = Buffer.alloc(recordHeaderBytes);
  header.writeUInt8(recordTypes[type], 0);
  header.writeUInt32LE(length, 1);
  return Buffer.concat([header, ...parts]);
}

/** One message around whole records. Throws a `ProtocolError` over the cap of 1 MiB. */
export function encodeMessage(records: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(records);
  if (body.length > gateLimits.messageBytes) {
    throw new ProtocolError(
      `a message of ${body.length} bytes is over the cap of ${gateLimits.messageBytes}; split its records`,
    );
  }
  const header = Buffer.alloc(headerBytes);
  magic.copy(header);
  header.writeUInt32LE(body.length, 4);
  header.writeUInt32LE(crc32(body), 8);
  return Buffer.concat([header, body]);
}

/** Asks for the state once, or (`watch`) now and at every change on this connection. */
export function encodeStatus(options: { watch?: boolean } = {}): Buffer {
  return encodeMessage([encodeRecord('status', options.watch === true ? 'watch' : '')]);
}

/** TERM to the program's group, KILL to everything after `graceMs` (init's own default when left out). */
export function encodeCancel(graceMs?: number): Buffer {
  return encodeMessage([encodeRecord('cancel', graceMs === undefined ? '' : String(graceMs))]);
}

/** Lifts the hold of a failed attempt. */
export function encodeRelease(): Buffer {
  return encodeMessage([encodeRecord('release')]);
}

/** A sign of life for the relay between us and init; it has no answer. */
export function encodePing(): Buffer {
  return encodeMessage([encodeRecord('ping')]);
}

/** Fences a connection by its epoch; the relay says it by itself. */
export function encodeHello(epoch: number): Buffer {
  return encodeMessage([encodeRecord('hello', String(epoch))]);
}

/** Turns what init sends over the socket, cut anywhere, into answers. */
export class AnswerDecoder {
  #held: Buffer = Buffer.alloc(0);

  /** Throws a `ProtocolError` on bytes that init cannot have sent; the connection is useless then. */
  push(bytes: Uint8Array): Answer[] {
    this.#held = Buffer.concat([this.#held, bytes]);
    const answers: Answer[] = [];
    while (this.#held.length >= headerBytes) {
      const length = this.#held.readUInt32LE(4);
      if (!this.#held.subarray(0, 4).equals(magic) || length > gateLimits.messageBytes) {
        throw new ProtocolError('the gate answered with bytes that are not a message of argonaut-init');
      }
      if (this.#held.length < headerBytes + length) break;
      const body = this.#held.subarray(headerBytes, headerBytes + length);
      if (crc32(body) !== this.#held.readUInt32LE(8)) {
        throw new ProtocolError('the gate answered with a damaged message (its CRC disagrees)');
      }
      for (const { type, content } of decodeRecords(body)) answers.push(toAnswer(type, content));
      this.#held = this.#held.subarray(headerBytes + length);
    }
    return answers;
  }
}

/** Turns the lines that the relay prints on stderr, cut anywhere, into answers. */
export class RelayLineDecoder {
  #held = '';
  readonly #utf8 = new TextDecoder();

  /** A line that is not ours (an engine's own message on the stream) throws a `ProtocolError` that quotes it. */
  push(bytes: Uint8Array): Answer[] {
    this.#held += this.#utf8.decode(bytes, { stream: true });
    const lines = this.#held.split('\n');
    this.#held = lines.pop() ?? '';
    return lines.filter((line) => line !== '').map(lineToAnswer);
  }
}

const phases: readonly string[] = [
  'waiting',
  'running',
  'draining',
  'held',
  'lingering',
] satisfies InitPhase[];

function lineToAnswer(line: string): Answer {
  const space = line.indexOf(' ');
  const word = space < 0 ? line : line.slice(0, space);
  const rest = space < 0 ? '' : line.slice(space + 1);
  if (phases.includes(word)) return toAnswer('state', Buffer.from(line));
  if (word === 'no-socket') return { type: 'no-socket' };
  if (
    word === 'ok' ||
    word === 'already' ||
    word === 'error' ||
    word === 'failed' ||
    word === 'exit' ||
    word === 'superseded'
  ) {
    return toAnswer(word, Buffer.from(rest));
  }
  throw new ProtocolError(
    `the relay printed a line that is not its own: ${JSON.stringify(line.slice(0, 200))}`,
  );
}

function* decodeRecords(body: Buffer): Generator<{ type: RecordType; content: Buffer }> {
  for (let at = 0; at < body.length; ) {
    if (body.length - at < recordHeaderBytes) throw new ProtocolError('the gate sent half a record');
    const number = body.readUInt8(at);
    const end = at + recordHeaderBytes + body.readUInt32LE(at + 1);
    if (end > body.length) throw new ProtocolError('the gate sent half a record');
    const type = (Object.keys(recordTypes) as RecordType[]).find((name) => recordTypes[name] === number);
    if (type === undefined) throw new ProtocolError(`the gate sent a record of unknown type ${number}`);
    yield { type, content: body.subarray(at + recordHeaderBytes, end) };
    at = end;
  }
}

function toAnswer(type: RecordType, content: Buffer): Answer {
  const text = content.toString('utf8');
  switch (type) {
    case 'state': {
      const [phase = '', mark] = text.split(' ');
      if (!phases.includes(phase)) throw new ProtocolError(`the gate reported an unknown state: ${text}`);
      return { type, state: { phase: phase as InitPhase, logBlocked: mark === 'log-blocked' } };
    }
    case 'error':
      return { type, message: text };
    case 'failed': {
      const [stage = '', errno = ''] = text.split(' ');
      return { type, stage, errno: Number(errno) };
    }
    case 'exit':
      return { type, record: parseExitRecord(text) };
    case 'ok':
    case 'already':
    case 'superseded':
      return { type };
    default:
      throw new ProtocolError(`the gate sent a record that only a client sends: ${type}`);
  }
}
