/** What a handler may return besides a plain value (which becomes 200 and JSON). */
import type { Readable } from 'node:stream';

export class Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}) {
    this.status = status;
    this.body = body;
    this.headers = headers;
  }
}

/** 201 with the new resource. */
export function created(body: object): Answer {
  return new Answer(201, body);
}

/** 200 with `Content-Length: 0`; never 204, which the Go client takes for an error. */
export function empty(): Answer {
  return new Answer(200, '');
}

export function text(body: string): Answer {
  return new Answer(200, body, { 'content-type': 'text/plain; charset=utf-8' });
}

/** Bytes to download. They are never shown inside our origin: attachment, and a policy that allows nothing. */
export function download(body: Readable | Buffer, fileName: string, size?: number): Answer {
  return new Answer(200, body, {
    'content-type': 'application/octet-stream',
    'content-disposition': `attachment; filename*=UTF-8''${encodeURIComponent(fileName)}`,
    'content-security-policy': "sandbox; default-src 'none'",
    ...(size === undefined ? {} : { 'content-length': String(size) }),
  });
}

/** What a handler returned, as it is sent: values as JSON; texts, bytes and streams of an `Answer` as they are. */
export function written(result: unknown): Answer {
  const answer = result instanceof Answer ? result : new Answer(200, result);
  const { status, body, headers } = answer;
  const isRaw = answer === result && (typeof body === 'string' || Buffer.isBuffer(body));
  if (isRaw || isStream(body)) return answer;
  const type = { 'content-type': 'application/json; charset=utf-8' };
  return new Answer(status, JSON.stringify(body ?? null), { ...headers, ...type });
}

export function isStream(body: unknown): boolean {
  return typeof body === 'object' && body !== null && 'pipe' in body;
}
