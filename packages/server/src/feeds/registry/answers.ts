/**
 * Reading what registries answer. Their JSON is foreign: it is looked at field by field and never trusted to
 * have a shape.
 */

import type { Answer } from './transport.ts';

export type Json = Readonly<Record<string, unknown>>;

/** The body as a JSON object, or `null`. */
export function jsonOf(body: Buffer): Json | null {
  try {
    return record(JSON.parse(body.toString('utf8')));
  } catch {
    return null;
  }
}

export function record(value: unknown): Json | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value))
    : null;
}

export function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** A whole, non-negative number, or `null`. */
export function count(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null;
}

/**
 * What the registry says about an error, in one printable line of at most 200 characters; may be empty.
 * @param redact takes secrets out, which a registry may throw back at us; it sees the text as it came
 */
export function saidIn(answer: Answer, redact: (text: string) => string): string {
  const json = jsonOf(answer.body);
  const first = record(list(json?.errors)[0]);
  const message =
    text(first?.message) ??
    text(json?.details) ??
    text(json?.message) ??
    text(json?.error) ??
    plainText(answer);
  return redact(message)
    .replace(/[\p{C}\s]+/gu, ' ')
    .replaceAll('"', "'")
    .trim()
    .replace(/\.$/, '')
    .slice(0, 200);
}

function plainText(answer: Answer): string {
  const type = answer.headers.get('content-type') ?? '';
  return type.startsWith('text/plain') ? answer.body.toString('utf8').slice(0, 1_000) : '';
}
