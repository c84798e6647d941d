/**
 * One request to an engine over HTTP. Written on `node:http` rather than on a client library: the Engine API is
 * plain HTTP, and `dockerode` costs an idle process 17 MB more (it loads gRPC, protobuf and an SSH client) and
 * cannot tell a refused connection from a broken one.
 */
import { type ClientRequestArgs, request as httpRequest, type IncomingMessage } from 'node:http';
import type { Duplex, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { InfrastructureFailure, TimedOut } from '@argonaut/contracts';
import { connectionOptions, describeEndpoint, type EngineEndpoint } from './endpoint.ts';
import { answerError, connectionError } from './errors.ts';

export interface EngineRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
  /** Without the version; segments already escaped. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly json?: unknown;
  readonly body?: Readable;
  readonly headers?: Readonly<Record<string, string>>;
  /** What errors say was tried: `creating container argonaut-x`. */
  readonly subject: string;
  /** For the answer's head; `0` where the engine may take as long as it likes (`wait`). */
  readonly deadlineMs?: number;
  /** Statuses from 300 on that are an answer, not an error. */
  readonly accept?: readonly number[];
}

const defaultDeadlineMs = 60_000;
const maxJsonBytes = 64 * 1024 * 1024;

export class EngineHttp {
  readonly #endpoint: EngineEndpoint;
  readonly #options: ClientRequestArgs;

  constructor(endpoint: EngineEndpoint) {
    this.#endpoint = endpoint;
    this.#options = connectionOptions(endpoint);
  }

  get name(): string {
    return describeEndpoint(this.#endpoint);
  }

  /** The answer, its body still unread. Throws for every status from 300 on that is not in `accept`. */
  async send(prefix: string, what: EngineRequest, signal: AbortSignal): Promise<IncomingMessage> {
    const answer = await this.#exchange(prefix, what, signal);
    const status = answer.statusCode ?? 0;
    if (status < 300 || what.accept?.includes(status)) return answer;
    throw answerError(what.subject, status, await errorText(answer));
  }

  /**
   * A connection that the engine hands over (`101`): bytes in both directions, in a form of its own. It is the caller's to
   * close: the signal ends the handing over only, so that there can be a last word.
   */
  upgrade(prefix: string, what: EngineRequest, signal: AbortSignal): Promise<Duplex> {
    signal.throwIfAborted();
    const json = Buffer.from(JSON.stringify(what.json ?? {}));
    return new Promise((resolve, reject) => {
      const call = httpRequest({
        ...this.#options,
        method: what.method,
        path: prefix + what.path + queryText(what.query),
        headers: {
          host: 'docker',
          connection: 'Upgrade',
          upgrade: 'tcp',
          'content-type': 'application/json',
          'content-length': String(json.length),
          ...what.headers,
        },
      });
      const deadline = setTimeout(() => {
        call.destroy(new TimedOut(`${what.subject}: the engine at ${this.name} did not answer in time.`));
      }, what.deadlineMs ?? defaultDeadlineMs);
      const abort = (): void => void call.destroy(signal.reason);
      signal.addEventListener('abort', abort, { once: true });
      const answered = (): void => {
        clearTimeout(deadline);
        signal.removeEventListener('abort', abort);
      };
      call.on('error', (error) => {
        answered();
        if (signal.aborted || error instanceof TimedOut) reject(signal.aborted ? signal.reason : error);
        else reject(connectionError(what.subject, this.name, error));
      });
      call.on('upgrade', (_answer, socket, head) => {
        answered();
        if (head.length > 0) socket.unshift(head);
        resolve(socket);
      });
      call.on('response', (answer) => {
        answered();
        const status = answer.statusCode ?? 0;
        errorText(answer).then((text) => reject(answerError(what.subject, status, text)), reject);
      });
      call.end(json);
    });
  }

  async text(answer: IncomingMessage, subject: string): Promise<string> {
    const parts: Buffer[] = [];
    let size = 0;
    try {
      for await (const part of answer as AsyncIterable<Buffer>) {
        size += part.length;
        if (size > maxJsonBytes)
          throw new InfrastructureFailure(`${subject}: the engine's answer is too long`);
        parts.push(part);
      }
    } catch (error) {
      if (error instanceof InfrastructureFailure) throw error;
      throw connectionError(subject, this.name, error as Error);
    }
    return Buffer.concat(parts).toString('utf8');
  }

  #exchange(prefix: string, what: EngineRequest, signal: AbortSignal): Promise<IncomingMessage> {
    signal.throwIfAborted();
    const headers: Record<string, string> = { host: 'docker', ...what.headers };
    const json = what.json === undefined ? undefined : Buffer.from(JSON.stringify(what.json));
    if (json) {
      headers['content-type'] = 'application/json';
      headers['content-length'] = String(json.length);
    }
    return new Promise((resolve, reject) => {
      const call = httpRequest({
        ...this.#options,
        method: what.method,
        path: prefix + what.path + queryText(what.query),
        headers,
        signal,
      });
      const deadlineMs = what.deadlineMs ?? defaultDeadlineMs;
      const timer =
        deadlineMs > 0
          ? setTimeout(() => {
              const seconds = deadlineMs / 1000;
              call.destroy(
                new TimedOut(
                  `${what.subject}: the engine at ${this.name} did not answer within ${seconds} s.`,
                  {
                    details: { connection: 'timeout' },
                  },
                ),
              );
            }, deadlineMs)
          : undefined;
      const fail = (error: Error): void => {
        clearTimeout(timer);
        if (signal.aborted || error instanceof TimedOut) reject(signal.aborted ? signal.reason : error);
        else reject(connectionError(what.subject, this.name, error));
      };
      call.on('error', fail);
      call.on('response', (answer) => {
        clearTimeout(timer);
        resolve(answer);
      });
      if (what.body) pipeline(what.body, call).catch(fail);
      else call.end(json);
    });
  }
}

function queryText(query: EngineRequest['query']): string {
  const parts = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) if (value !== undefined) parts.set(name, value);
  const text = parts.toString();
  return text === '' ? '' : `?${text}`;
}

async function errorText(answer: IncomingMessage): Promise<string> {
  let text = '';
  try {
    for await (const part of answer as AsyncIterable<Buffer>) {
      text += part.toString('utf8');
      if (text.length > 64 * 1024) break;
    }
    const body: unknown = JSON.parse(text);
    if (typeof body === 'object' && body !== null && 'message' in body) return String(body.message).trim();
  } catch {
    // Not JSON, or broken off: the text so far has to do.
  }
  return text.trim() || (answer.statusMessage ?? 'no reason given');
}
