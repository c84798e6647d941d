/**
 * A stream of server-sent events, read as a client that loses nothing: when the connection breaks it comes back with the id
 * of the last event it has seen. Format: the WHATWG HTML standard, "Server-sent events".
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { InfrastructureFailure, Invalid, messageOf, NotFound, type Secret } from '@argonaut/contracts';

export interface ServerEvent {
  readonly event: string;
  readonly data: string;
}

export interface EventSource {
  readonly url: string;
  readonly apiKey: Secret;
  readonly signal: AbortSignal;
}

/** Tries to come back this often, doubling from a quarter of a second: 16 s in all, enough for a server's restart. */
const RECONNECTS = 7;
const FIRST_PAUSE_MS = 250;

export async function* serverEvents({ url, apiKey, signal }: EventSource): AsyncGenerator<ServerEvent> {
  let last: string | undefined;
  for (let failures = 0; ; ) {
    try {
      const answer = await fetch(url, {
        signal,
        headers: {
          accept: 'text/event-stream',
          'x-octopus-apikey': apiKey.reveal(),
          ...(last === undefined ? {} : { 'last-event-id': last }),
        },
      });
      await refuse(answer, url);
      if (answer.headers.get('content-type')?.startsWith('text/event-stream') !== true) {
        throw new Invalid(`${url} answers, but not with a log. Is this the address of an Argonaut server?`);
      }
      for await (const { id, ...event } of parse(answer)) {
        failures = 0;
        if (id !== undefined) last = id;
        yield event;
        if (event.event === 'end') return;
      }
    } catch (error) {
      if (signal.aborted || error instanceof NotFound || error instanceof Invalid) throw error;
      failures += 1;
      if (failures > RECONNECTS) {
        throw new InfrastructureFailure(
          `The log cannot be read from ${url}: ${messageOf(error)}. Is the server running there?`,
          { cause: error },
        );
      }
    }
    await sleep(FIRST_PAUSE_MS * 2 ** Math.max(0, failures - 1), undefined, { signal });
  }
}

async function refuse(answer: Response, url: string): Promise<void> {
  if (answer.ok) return;
  const text = await answer.text();
  const message = /"ErrorMessage":\s*"((?:[^"\\]|\\.)*)"/.exec(text)?.[1] ?? `HTTP status ${answer.status}`;
  if (answer.status === 404) throw new NotFound(`${url}: ${message}`);
  if (answer.status < 500) throw new Invalid(`${url}: ${message}`);
  throw new InfrastructureFailure(`${url}: ${message}`);
}

async function* parse(answer: Response): AsyncGenerator<ServerEvent & { readonly id: string | undefined }> {
  let rest = '';
  for await (const text of answer.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    const blocks = (rest + text).split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const fields = new Map<string, string>();
      for (const line of block.split('\n')) {
        const colon = line.indexOf(': ');
        if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 2));
      }
      const data = fields.get('data');
      if (data !== undefined) yield { event: fields.get('event') ?? 'message', data, id: fields.get('id') };
    }
  }
}
