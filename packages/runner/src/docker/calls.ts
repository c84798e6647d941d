/**
 * Calls with the right API version. It is the engine's own (`/_ping` without a version tells it), capped at the newest
 * that the tests ran; never fixed, because engines refuse what they think too old or too new.
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { InfrastructureFailure } from '@argonaut/contracts';
import { connectionError, statusOf } from './errors.ts';
import type { EngineHttp, EngineRequest } from './http.ts';

/** Docker 29.8. */
export const newestTestedVersion = '1.56';
/** Docker 19.03: the oldest that knows all that is called here. */
export const oldestUsableVersion = '1.40';

/** The version to speak with an engine that offers `offered`; throws when that is too old. */
export function chooseVersion(offered: string, engine: string): string {
  if (compare(offered, oldestUsableVersion) < 0) {
    throw new InfrastructureFailure(
      `The engine at ${engine} speaks API ${offered || 'of no version'}; ${oldestUsableVersion} (Docker 19.03) or newer is needed. Upgrade Docker.`,
    );
  }
  return compare(offered, newestTestedVersion) > 0 ? newestTestedVersion : offered;
}

function compare(a: string, b: string): number {
  const [majorA = 0, minorA = 0] = a.split('.').map(Number);
  const [majorB = 0, minorB = 0] = b.split('.').map(Number);
  return majorA - majorB || minorA - minorB;
}

const pingDeadlineMs = 10_000;

export class EngineCalls {
  readonly #http: EngineHttp;
  #version: Promise<string> | undefined;

  constructor(http: EngineHttp) {
    this.#http = http;
  }

  get name(): string {
    return this.#http.name;
  }

  /** Asked once, and again after the engine refused it (it was upgraded or replaced under us) or did not answer. */
  version(signal: AbortSignal): Promise<string> {
    if (!this.#version) {
      this.#version = this.#negotiate(signal);
      this.#version.catch(() => {
        this.#version = undefined;
      });
    }
    return this.#version;
  }

  async #negotiate(signal: AbortSignal): Promise<string> {
    const answer = await this.#http.send(
      '',
      { method: 'GET', path: '/_ping', subject: 'reaching the engine', deadlineMs: pingDeadlineMs },
      signal,
    );
    answer.resume();
    const offered = answer.headers['api-version'];
    return chooseVersion(typeof offered === 'string' ? offered : '', this.name);
  }

  async send(what: EngineRequest, signal: AbortSignal): Promise<IncomingMessage> {
    const prefix = `/v${await this.version(signal)}`;
    try {
      return await this.#http.send(prefix, what, signal);
    } catch (error) {
      if (statusOf(error) === 400 && /client version/i.test(String(error))) this.#version = undefined;
      throw error;
    }
  }

  async upgrade(what: EngineRequest, signal: AbortSignal): Promise<Duplex> {
    return this.#http.upgrade(`/v${await this.version(signal)}`, what, signal);
  }

  async json(what: EngineRequest, signal: AbortSignal): Promise<unknown> {
    const answer = await this.send(what, signal);
    const body = await this.#http.text(answer, what.subject);
    return body === '' ? undefined : parse(body, what.subject);
  }

  /** `undefined` when the engine does not know the thing. */
  async find(what: EngineRequest, signal: AbortSignal): Promise<unknown> {
    const answer = await this.send({ ...what, accept: [404] }, signal);
    const body = await this.#http.text(answer, what.subject);
    return answer.statusCode === 404 || body === '' ? undefined : parse(body, what.subject);
  }

  /** For calls whose status says it all. */
  async done(what: EngineRequest, signal: AbortSignal): Promise<number> {
    const answer = await this.send(what, signal);
    await this.#http.text(answer, what.subject);
    return answer.statusCode ?? 0;
  }

  /** The error for an answer that broke off. */
  broken(subject: string, cause: Error): Error {
    return connectionError(subject, this.name, cause);
  }
}

function parse(body: string, subject: string): unknown {
  try {
    return JSON.parse(body);
  } catch (cause) {
    throw new InfrastructureFailure(`${subject}: the engine's answer is not JSON`, { cause });
  }
}
