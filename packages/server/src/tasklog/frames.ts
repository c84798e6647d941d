/**
 * The task log's format: one append-only file per task, made of framed records.
 *
 *     file    = magic frame*
 *     magic   = "ARGLOG1\n"
 *     frame   = type u8 · length u32 · crc32 of the payload u32 · payload     (numbers little-endian)
 *     text    = source u8 · level u8 · time f64 (ms since the epoch) · activity length u16 · activity · bytes
 *     others  = JSON
 *
 * The length that counts is the one committed with the task's state; whatever lies behind it was written by a process
 * that died before its transaction, and is cut off. A position in the log is a byte offset at a frame's boundary.
 */
import { crc32 } from 'node:zlib';
import type { LogLevel } from '@argonaut/contracts/attempt';
import type { ActivityKind, ActivityStatus } from '@argonaut/orchestrator';
import { LogDamaged } from './errors.ts';

/** A node of the log's tree. Children are declared after their parents. */
export interface ActivityFrame {
  readonly type: 'activity';
  readonly activity: string;
  /** Empty for the root. */
  readonly parent: string;
  readonly name: string;
  readonly kind: ActivityKind;
}

export interface StatusFrame {
  readonly type: 'status';
  readonly activity: string;
  readonly status: ActivityStatus;
  readonly timeMs: number;
}

/** What a script wrote (`stdout`, `stderr`, cut anywhere), or one line of our own (`server`, with its line end). */
export interface TextFrame {
  readonly type: 'text';
  readonly activity: string;
  readonly source: TextSource;
  readonly level: LogLevel;
  readonly timeMs: number;
  readonly bytes: Uint8Array;
}

export interface ProgressFrame {
  readonly type: 'progress';
  readonly activity: string;
  readonly percentage: number;
  readonly message: string;
}

/** Where the time went, in milliseconds by name. */
export interface TimingFrame {
  readonly type: 'timing';
  readonly activity: string;
  readonly timings: Readonly<Record<string, number>>;
  /** When all of that began and ended, in milliseconds since the epoch by the server's clock. */
  readonly span?: { readonly beganMs: number; readonly endedMs: number };
  /** The image that the time was for, as the worker's engine calls it. */
  readonly image?: string;
}

export type LogFrame = ActivityFrame | StatusFrame | TextFrame | ProgressFrame | TimingFrame;
export type TextSource = 'stdout' | 'stderr' | 'server';

export const MAGIC = Buffer.from('ARGLOG1\n');
const HEADER = 9;
const TEXT_HEADER = 12;
/** A frame is read whole; longer text is split by the writer. */
export const MAX_TEXT_BYTES = 1024 * 1024;
const MAX_PAYLOAD = MAX_TEXT_BYTES + 65_535 + TEXT_HEADER;

const TYPES: readonly LogFrame['type'][] = ['activity', 'status', 'text', 'progress', 'timing'];
const SOURCES: readonly TextSource[] = ['stdout', 'stderr', 'server'];
const LEVELS: readonly LogLevel[] = ['Verbose', 'Info', 'Highlight', 'Wait', 'Warning', 'Error'];

/** The bytes of the frames, without the magic. */
export function encodeFrames(frames: Iterable<LogFrame>): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const frame of frames) {
    if (frame.type !== 'text') {
      const { type, ...body } = frame;
      parts.push(...framed(type, [Buffer.from(JSON.stringify(body))]));
      continue;
    }
    for (let from = 0; from === 0 || from < frame.bytes.length; from += MAX_TEXT_BYTES) {
      parts.push(...framed('text', textPayload(frame, frame.bytes.subarray(from, from + MAX_TEXT_BYTES))));
    }
  }
  return Buffer.concat(parts);
}

function textPayload(frame: TextFrame, bytes: Uint8Array): readonly Uint8Array[] {
  const activity = Buffer.from(frame.activity);
  const head = Buffer.alloc(TEXT_HEADER);
  head.writeUInt8(SOURCES.indexOf(frame.source), 0);
  head.writeUInt8(LEVELS.indexOf(frame.level), 1);
  head.writeDoubleLE(frame.timeMs, 2);
  head.writeUInt16LE(activity.length, 10);
  return [head, activity, bytes];
}

function framed(type: LogFrame['type'], payload: readonly Uint8Array[]): readonly Uint8Array[] {
  const header = Buffer.alloc(HEADER);
  header.writeUInt8(TYPES.indexOf(type) + 1, 0);
  header.writeUInt32LE(
    payload.reduce((sum, part) => sum + part.length, 0),
    1,
  );
  header.writeUInt32LE(
    payload.reduce((sum, part) => crc32(part, sum), 0),
    5,
  );
  return [header, ...payload];
}

/** One frame at the beginning of `bytes`, and its whole length; `undefined` when it is not there completely. */
export function decodeFrame(
  bytes: Buffer,
  offset: number,
): { readonly frame: LogFrame; readonly length: number } | undefined {
  if (bytes.length < HEADER) return undefined;
  const type = TYPES[bytes.readUInt8(0) - 1];
  const size = bytes.readUInt32LE(1);
  if (type === undefined || size > MAX_PAYLOAD) throw new LogDamaged(offset, 'there is no frame here');
  if (bytes.length < HEADER + size) return undefined;
  const payload = bytes.subarray(HEADER, HEADER + size);
  if (crc32(payload) !== bytes.readUInt32LE(5)) throw new LogDamaged(offset, 'the checksum is wrong');
  return { frame: decodePayload(type, payload, offset), length: HEADER + size };
}

function decodePayload(type: LogFrame['type'], payload: Buffer, offset: number): LogFrame {
  if (type !== 'text') return { type, ...JSON.parse(payload.toString()) };
  const source = SOURCES[payload.readUInt8(0)];
  const level = LEVELS[payload.readUInt8(1)];
  if (source === undefined || level === undefined) throw new LogDamaged(offset, 'an unknown source or level');
  const textAt = TEXT_HEADER + payload.readUInt16LE(10);
  return {
    type,
    source,
    level,
    timeMs: payload.readDoubleLE(2),
    activity: payload.toString('utf8', TEXT_HEADER, textAt),
    bytes: payload.subarray(textAt),
  };
}
