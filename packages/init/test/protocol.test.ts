/** The pure half: payloads, answers, the exit record and the index, with random input. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  AnswerDecoder,
  decodeIndex,
  ExitRecordError,
  encodeGateMessages,
  GatePayloadError,
  gateLimits,
  initBinary,
  ProtocolError,
  parseExitRecord,
  RelayLineDecoder,
  tagLog,
} from '../src/index.ts';
import { encodeMessage, encodeRecord } from '../src/protocol.ts';

const seed = Number(process.env.ARGONAUT_SEED ?? Date.now() % 1_000_000);
console.log(`packages/init/test/protocol.test.ts: ARGONAUT_SEED=${seed}`);

const record = {
  version: 1,
  reason: 'exited',
  code: 3,
  oomKills: null,
  stragglers: 0,
  unkilled: 0,
  orphansReaped: 2,
  killedAfterGrace: false,
  startNs: '1795532663577659965',
  endNs: '1795532663787314113',
  userUs: 1,
  sysUs: 2,
  maxRssKb: 3,
  logBytes: 4,
  logLost: 0,
};

describe('a gate payload', () => {
  test('is one message when it is small, and ends in go', () => {
    const messages = encodeGateMessages({
      program: ['sh', '-c', 'x'],
      env: { A: 'b', GONE: null },
      cwd: '/',
    });
    expect(messages).toHaveLength(1);
    expect(messages[0]?.subarray(-5)).toEqual(Buffer.from([7, 0, 0, 0, 0]));
  });

  test('is cut into messages under the cap, and only the last says go', () => {
    const messages = encodeGateMessages({
      program: ['x'],
      files: [{ name: 'f', content: Buffer.alloc(3_500_000) }],
    });
    expect(messages.length).toBeGreaterThan(3);
    for (const each of messages) expect(each.length).toBeLessThanOrEqual(gateLimits.messageBytes + 12);
  });

  test.each([
    { what: 'no program', payload: { program: [] }, says: 'no program' },
    { what: 'a NUL in an argument', payload: { program: ['a\0b'] }, says: 'NUL' },
    { what: 'a variable without a name', payload: { program: ['a'], env: { '': 'x' } }, says: 'cannot name' },
    {
      what: 'a variable with = in its name',
      payload: { program: ['a'], env: { 'a=b': 'x' } },
      says: 'cannot name',
    },
    {
      what: 'a variable over 128 KiB',
      payload: { program: ['a'], env: { A: 'x'.repeat(131_070) } },
      says: 'variable A',
    },
    {
      what: 'a file with a path',
      payload: { program: ['a'], files: [{ name: 'a/b', content: '' }] },
      says: 'a/b',
    },
    {
      what: 'a fraction of a millisecond',
      payload: { program: ['a'], options: { graceMs: 0.5 } },
      says: 'grace-ms',
    },
    {
      what: 'more than a gate carries',
      payload: { program: ['a'], files: [{ name: 'a', content: Buffer.alloc(70 << 20) }] },
      says: 'at most',
    },
  ])('with $what is refused before anything is sent', ({ payload, says }) => {
    expect(() => encodeGateMessages(payload)).toThrow(GatePayloadError);
    expect(() => encodeGateMessages(payload)).toThrow(says);
  });

  test('never quotes a value in an error', () => {
    const secret = 's3cret\0';
    expect(() => encodeGateMessages({ program: ['a'], env: { TOKEN: secret } })).toThrow(/TOKEN/);
    expect(() => encodeGateMessages({ program: ['a'], env: { TOKEN: secret } })).not.toThrow(/s3cret/);
  });
});

describe('answers', () => {
  const wire = Buffer.concat([
    encodeMessage([encodeRecord('state', 'running log-blocked')]),
    encodeMessage([encodeRecord('ok')]),
    encodeMessage([encodeRecord('failed', 'exec 2')]),
    encodeMessage([encodeRecord('exit', JSON.stringify(record))]),
  ]);
  const lines = Buffer.from(`running log-blocked\nok\nfailed exec 2\nexit ${JSON.stringify(record)}\n`);
  const meaning = [
    { type: 'state', state: { phase: 'running', logBlocked: true } },
    { type: 'ok' },
    { type: 'failed', stage: 'exec', errno: 2 },
    { type: 'exit', record: parseExitRecord(JSON.stringify(record)) },
  ];

  test.each([
    { name: 'of the socket', bytes: wire, make: () => new AnswerDecoder() },
    { name: 'of the relay', bytes: lines, make: () => new RelayLineDecoder() },
  ])('$name mean the same wherever they are cut', ({ bytes, make }) => {
    const random = generator(seed);
    for (let round = 0; round < 200; round++) {
      const decoder = make();
      const answers = [];
      for (let at = 0; at < bytes.length; ) {
        const step = 1 + Math.floor(random() * 40);
        answers.push(...decoder.push(bytes.subarray(at, at + step)));
        at += step;
      }
      expect(answers).toEqual(meaning);
    }
  });

  test.each([
    { what: 'other bytes', bytes: Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n') },
    { what: 'a client’s record', bytes: encodeMessage([encodeRecord('go')]) },
    { what: 'an unknown state', bytes: encodeMessage([encodeRecord('state', 'dancing')]) },
  ])('that are $what are a protocol error', ({ bytes }) => {
    expect(() => new AnswerDecoder().push(bytes)).toThrow(ProtocolError);
  });

  test('from a relay that an engine interrupts quote the strange line', () => {
    expect(() => new RelayLineDecoder().push(Buffer.from('OCI runtime exec failed\n'))).toThrow(
      'OCI runtime',
    );
  });
});

describe('an exit record', () => {
  test('is read with its times exact to the nanosecond', () => {
    const parsed = parseExitRecord(JSON.stringify(record));
    expect(parsed.endNs - parsed.startNs).toBe(209_654_148n);
    expect(parsed).toMatchObject({ code: 3, signal: null, by: null, stage: null, errno: null, logBytes: 4n });
  });

  test.each([
    '',
    '{',
    '[]',
    'null',
    '{"version":2}',
    JSON.stringify({ ...record, reason: 'fine' }),
    JSON.stringify({ ...record, code: '0' }),
    JSON.stringify({ ...record, logBytes: -1 }),
    JSON.stringify({ ...record, startNs: 'x' }),
  ])('%j is not one', (text) => {
    expect(() => parseExitRecord(text)).toThrow(ExitRecordError);
  });
});

describe('the index', () => {
  test('tags every byte once, whatever part of the log is asked for', () => {
    const random = generator(seed + 1);
    for (let round = 0; round < 300; round++) {
      const size = 1 + Math.floor(random() * 500);
      const log = Buffer.from(Array.from({ length: size }, () => Math.floor(random() * 256)));
      const index = randomIndex(random, size);
      const records = decodeIndex(index);
      const from = Math.floor(random() * size);
      const to = from + Math.floor(random() * (size - from + 1));
      const chunks = tagLog(from, log.subarray(from, to), records);
      expect(Buffer.concat(chunks.map((chunk) => chunk.bytes))).toEqual(log.subarray(from, to));
      for (const chunk of chunks) {
        for (let at = chunk.offset; at < chunk.offset + chunk.bytes.length; at++) {
          const last = records.findLast((each) => each.start <= at);
          expect(chunk.stream).toBe(last?.stream ?? 'unknown');
          expect(chunk.timeNs).toBe(last?.timeNs ?? null);
        }
      }
    }
  });

  test('that is lost loses tags, not bytes', () => {
    expect(tagLog(7, Buffer.from('abc'), [])).toEqual([
      { offset: 7, stream: 'unknown', timeNs: null, bytes: Buffer.from('abc') },
    ]);
  });
});

test('both binaries are there and are what SHA256SUMS says', () => {
  for (const architecture of ['amd64', 'arm64'] as const) {
    const { path, sha256 } = initBinary(architecture);
    expect(createHash('sha256').update(readFileSync(path)).digest('hex')).toBe(sha256);
  }
});

/** Records as init writes them: starts never decrease, some past the end, a torn tail. */
function randomIndex(random: () => number, size: number): Buffer {
  const parts: Buffer[] = [];
  let start = Math.floor(random() * 3);
  while (start <= size + 20) {
    const entry = Buffer.alloc(16);
    entry.writeBigUInt64LE((BigInt(start) << 2n) | BigInt(1 + Math.floor(random() * 2)), 0);
    entry.writeBigUInt64LE(BigInt(1_000_000 + parts.length), 8);
    parts.push(entry);
    start += Math.floor(random() * 40);
  }
  return Buffer.concat([...parts, Buffer.alloc(Math.floor(random() * 16), 0xff)]);
}

/** mulberry32: small, seeded, good enough to cut buffers with. */
function generator(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
