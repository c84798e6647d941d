/**
 * Throughput and memory of the masker: 200 secrets in all derived forms, 64 MB of log in chunks of 64 kB.
 *
 * `node bench/masking.ts [--rounds N] [--json]`. In rows of MB/s, p90 is what nine of ten rounds reach
 * or pass. The checks are what makes the figures honest: a canary of each form is in the stream and none comes
 * out, the text around them is unchanged, and the result is the same whatever the chunks.
 */
import { createHash } from 'node:crypto';
import { Secret } from '@argonaut/contracts';
import { SecretSet, StreamMasker } from '@argonaut/runner/masking';
import { OutputReader } from '@argonaut/runner/messages';
import { formsOf, Noise, secretValues } from './canaries.ts';
import { heldMegabytes, print, type Row, report } from './report.ts';

const MEGABYTES = 64;
const CHUNK = 64 * 1024;
const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
/** A canary every so many bytes in the text "with secrets". */
const BETWEEN_CANARIES = 8 * 1024;

const rounds = Number(process.argv[process.argv.indexOf('--rounds') + 1]) || 7;
const noise = new Noise();
const values = secretValues(noise);
const secrets = values.map((value, i) => ({ name: `Secret ${i}`, value: new Secret(value) }));

const memoryBefore = heldMegabytes();
const built = performance.now();
const set = new SecretSet(secrets);
const buildMs = performance.now() - built;
const memory = heldMegabytes() - memoryBefore;

/** Texts that differ in what makes a filter's life hard. */
const texts: Record<string, Buffer> = {
  'log lines': repeated(logLines()),
  'base64 text': repeated(`${noise.text(1 << 20, BASE64).replaceAll(/.{76}/g, '$&\n')}\n`),
  'hexadecimal text': repeated(`${noise.text(1 << 20, '0123456789abcdef')}\n`),
};
const withCanaries = plantCanaries((texts['log lines'] ?? Buffer.alloc(0)).subarray(0, 16_000_000));

const rows: Row[] = [];
for (const [name, text] of Object.entries(texts)) rows.push(measure(name, text));
rows.push(measure('log lines with a secret in every 8 kB', withCanaries));
rows.push(measureReader('messages and masking, two streams in pieces of 30 kB', 30_000, 64_000_000, 100));
rows.push(measureReader('messages and masking, two streams line by line', 100, 10_000_000, 10));
rows.push({ name: 'memory of the tables', p50: round1(memory), p90: round1(memory), unit: 'MB', goal: 16 });
rows.push({
  name: 'building the tables',
  p50: round1(buildMs),
  p90: round1(buildMs),
  unit: 'ms',
  goal: 1000,
});

const clean = maskInChunks(texts['log lines'] ?? Buffer.alloc(0), CHUNK);
const masked = maskInChunks(withCanaries, CHUNK);
const checks = [
  { name: `at least 2,200 needles (${set.index.count})`, ok: set.index.count >= 2200 },
  {
    name: 'a log without secrets comes out as it went in',
    ok: clean.equals(texts['log lines'] ?? Buffer.alloc(0)),
  },
  { name: 'no canary of any form comes out', ok: canaries().every((canary) => !masked.includes(canary)) },
  {
    name: 'the same, byte by byte, in chunks of 1,009 bytes',
    ok: hash(maskInChunks(withCanaries, 1009)) === hash(masked),
  },
  { name: 'tables take at most 16 MB', ok: memory <= 16 },
];

print(report('masking', rounds, rows, checks));

function measure(name: string, text: Buffer): Row {
  const rates: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const masker = new StreamMasker(set);
    let out = 0;
    const start = performance.now();
    for (let at = 0; at < text.length; at += CHUNK) {
      for (const part of masker.write(text.subarray(at, at + CHUNK))) out += part.bytes.length;
    }
    for (const part of masker.flush()) out += part.bytes.length;
    rates.push(text.length / 1e6 / ((performance.now() - start) / 1000));
    if (out === 0) throw new Error('nothing came out');
  }
  rates.sort((a, b) => a - b);
  return { name, p50: round1(at(rates, 0.5)), p90: round1(at(rates, 0.1)), unit: 'MB/s', goal: 100 };
}

/** The whole way of a log through the runner: service messages, levels, masking, cursor. */
function measureReader(name: string, piece: number, total: number, goal: number): Row {
  const text = (texts['log lines'] ?? Buffer.alloc(0)).subarray(0, total);
  const rates: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const reader = new OutputReader(set, { serviceMessages: true });
    let runs = 0;
    const start = performance.now();
    for (let at = 0, i = 0; at < text.length; at += piece, i++) {
      reader.write(i % 2 === 0 ? 'stdout' : 'stderr', text.subarray(at, at + piece), i);
      if (i % 64 === 63) runs += reader.take().runs.length;
    }
    reader.end();
    runs += reader.take().runs.length;
    rates.push(text.length / 1e6 / ((performance.now() - start) / 1000));
    if (runs === 0) throw new Error('nothing came out');
  }
  rates.sort((a, b) => a - b);
  return { name, p50: round1(at(rates, 0.5)), p90: round1(at(rates, 0.1)), unit: 'MB/s', goal };
}

function at(sorted: number[], quantile: number): number {
  return sorted[Math.floor(quantile * (sorted.length - 1))] ?? 0;
}

function round1(value: number): number {
  return Math.round(value * 10) / 10;
}

function maskInChunks(text: Buffer, size: number): Buffer {
  const masker = new StreamMasker(set);
  const parts: Uint8Array[] = [];
  for (let at = 0; at < text.length; at += size) {
    for (const part of masker.write(text.subarray(at, at + size))) parts.push(part.bytes);
  }
  for (const part of masker.flush()) parts.push(part.bytes);
  return Buffer.concat(parts);
}

function logLines(): string {
  const words = [
    'Deploying',
    'package',
    'to',
    'environment',
    'Production',
    'sha256:',
    'layer',
    'extracted',
    'ok',
    'in',
    'ms',
    '200',
  ];
  let text = '';
  while (text.length < 1 << 20) {
    text += `2026-11-24T14:49:10.${100 + noise.below(900)}Z [INFO] `;
    for (let i = 0; i < 8; i++) text += `${words[noise.below(words.length)]} `;
    text += `${noise.text(12, '0123456789abcdef')}\n`;
  }
  return text;
}

function repeated(text: string): Buffer {
  return Buffer.alloc(MEGABYTES * 1_000_000, text);
}

function canaries(): Buffer[] {
  return values.flatMap((value) => [...formsOf(value)]);
}

function plantCanaries(text: Buffer): Buffer {
  const planted = canaries();
  const parts: Buffer[] = [];
  for (let at = 0, i = 0; at < text.length; at += BETWEEN_CANARIES, i++) {
    parts.push(text.subarray(at, at + BETWEEN_CANARIES), planted[i % planted.length] as Buffer);
  }
  return Buffer.concat(parts);
}

function hash(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
