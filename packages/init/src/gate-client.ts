/**
 * Speaks to one argonaut-init: over its socket, or over the streams of a relay. It owns the streams it is given and
 * ends them with `close`. One request is answered after the other; states and the exit record arrive at any time.
 */
import type { Duplex, Readable, Writable } from 'node:stream';
import type { ExitRecord } from './exit-record.ts';
import { encodeGateMessages, type GatePayload } from './gate-payload.ts';
import {
  type Answer,
  AnswerDecoder,
  encodeCancel,
  encodePing,
  encodeRelease,
  encodeStatus,
  type InitState,
  RelayLineDecoder,
} from './protocol.ts';

export type GateErrorKind =
  /** Nobody listens: not begun, or ended. */
  | 'Unreachable'
  /** The message was refused; nothing happened and the gate is as before. */
  | 'Refused'
  /** The connection ended before the answer. For `open` this means: reconnect and ask for the status. */
  | 'Lost'
  /** No answer within the deadline; same meaning as `Lost`. */
  | 'Timeout'
  /** A newer epoch has taken over; this client must not act any more. */
  | 'Superseded';

export class GateError extends Error {
  readonly kind: GateErrorKind;

  constructor(kind: GateErrorKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}

/** `started`: the program runs. `already`: an earlier `go` did it. `not-started`: exec or its preparation failed; `exit` follows. */
export type OpenResult =
  | { readonly outcome: 'started' }
  | { readonly outcome: 'already' }
  | { readonly outcome: 'not-started'; readonly stage: string; readonly errno: number };

export interface CallOptions {
  /** Default 10,000 ms. */
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
}

interface Waiting {
  readonly accepts: (answer: Answer) => boolean;
  readonly settle: (answer: Answer) => void;
  readonly fail: (error: unknown) => void;
}

export class GateClient {
  /** Called at every state that init reports; over a relay by itself, over a socket after `watch`. */
  onState: ((state: InitState) => void) | undefined;
  /** Called with the exit record. Over a relay all log bytes have been delivered before. */
  onExit: ((record: ExitRecord) => void) | undefined;
  /** Called once when the connection has ended, with the reason if there was an error. */
  onClose: ((error: GateError) => void) | undefined;

  readonly #out: Writable;
  readonly #waiting: Waiting[] = [];
  #ended: GateError | undefined;

  private constructor(input: Readable, out: Writable, decode: (bytes: Uint8Array) => Answer[]) {
    this.#out = out;
    input.on('data', (bytes: Uint8Array) => {
      try {
        for (const answer of decode(bytes)) this.#take(answer);
      } catch (cause) {
        this.#end(new GateError('Lost', 'the gate sent something that cannot be understood', { cause }));
      }
    });
    const lost = (cause?: unknown) =>
      this.#end(new GateError('Lost', 'the connection to the gate ended', { cause }));
    input.once('end', () => lost());
    input.once('close', () => lost());
    input.once('error', lost);
    if ((out as unknown) !== input) out.once('error', lost);
  }

  /** Over a connected stream to `ctl`: a local socket, or one forwarded by SSH. */
  static overSocket(stream: Duplex): GateClient {
    const decoder = new AnswerDecoder();
    return new GateClient(stream, stream, (bytes) => decoder.push(bytes));
  }

  /** Over the stdin and stderr of `argonaut-init ctl`; its stdout, the raw log, is the caller's. */
  static overRelay(relay: { readonly stdin: Writable; readonly stderr: Readable }): GateClient {
    const decoder = new RelayLineDecoder();
    return new GateClient(relay.stderr, relay.stdin, (bytes) => decoder.push(bytes));
  }

  /** Sends everything and `go`; answers when the program has started or failed to. Safe to repeat after `Lost`. */
  async open(payload: GatePayload, options: CallOptions = {}): Promise<OpenResult> {
    const answer = await this.#ask(encodeGateMessages(payload), 'open', options, ['ok', 'already', 'failed']);
    if (answer.type === 'failed') return { outcome: 'not-started', stage: answer.stage, errno: answer.errno };
    return { outcome: answer.type === 'already' ? 'already' : 'started' };
  }

  /** The state now. The exit record, if there is one already, arrives by `onExit`. */
  async status(options: CallOptions = {}): Promise<InitState> {
    return this.#askState(encodeStatus(), options);
  }

  /** The state now, and from now on every change by `onState`. */
  async watch(options: CallOptions = {}): Promise<InitState> {
    return this.#askState(encodeStatus({ watch: true }), options);
  }

  /** TERM now, KILL after the grace. Answered when init has taken note, not when the program has ended. */
  async cancel(graceMs?: number, options: CallOptions = {}): Promise<void> {
    await this.#ask([encodeCancel(graceMs)], 'cancel', options, ['ok']);
  }

  /** Lifts the hold of a failed attempt; no effect in any other state. */
  async release(options: CallOptions = {}): Promise<void> {
    await this.#ask([encodeRelease()], 'release', options, ['ok']);
  }

  /** Keeps a relay alive; send one each 20 s. */
  ping(): void {
    if (this.#ended === undefined) this.#out.write(encodePing());
  }

  /** Ends the connection; requests under way fail with `Lost`. The attempt is not touched. */
  close(): void {
    this.#end(new GateError('Lost', 'the connection to the gate was closed'));
  }

  async #askState(message: Buffer, options: CallOptions): Promise<InitState> {
    const answer = await this.#ask([message], 'status', options, ['state']);
    if (answer.type !== 'state') throw new GateError('Lost', 'unexpected answer');
    return answer.state;
  }

  #ask(
    messages: readonly Buffer[],
    what: string,
    options: CallOptions,
    types: readonly Answer['type'][],
  ): Promise<Answer> {
    const { deadlineMs = 10_000, signal } = options;
    return new Promise<Answer>((resolve, reject) => {
      if (this.#ended !== undefined) return reject(this.#ended);
      if (signal?.aborted === true) return reject(signal.reason);
      const clean = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
      };
      const waiting: Waiting = {
        accepts: (answer) => types.includes(answer.type),
        settle: (answer) => {
          clean();
          resolve(answer);
        },
        fail: (error) => {
          clean();
          reject(error);
        },
      };
      // A late answer would be taken for the next request's: after a time-out or abort the connection is of no use.
      const giveUp = (error: unknown) => {
        waiting.fail(error);
        this.#end(new GateError('Lost', `the connection to the gate was given up during ${what}`));
      };
      const abort = () => giveUp(signal?.reason);
      const timer = setTimeout(
        () => giveUp(new GateError('Timeout', `the gate did not answer ${what} within ${deadlineMs} ms`)),
        deadlineMs,
      );
      signal?.addEventListener('abort', abort, { once: true });
      this.#waiting.push(waiting);
      for (const message of messages) this.#out.write(message);
    });
  }

  #take(answer: Answer): void {
    if (answer.type === 'superseded') {
      this.#end(new GateError('Superseded', 'a newer connection has taken over this attempt'));
      return;
    }
    if (answer.type === 'no-socket') {
      this.#failAll(
        new GateError('Unreachable', 'the control socket is gone: init has ended, or the script removed it'),
      );
      return;
    }
    if (answer.type === 'error') {
      const refused = new GateError('Refused', `the gate refused the message: ${answer.message}`);
      this.#waiting.shift()?.fail(refused);
      return;
    }
    const index = this.#waiting.findIndex((each) => each.accepts(answer));
    if (index >= 0) this.#waiting.splice(index, 1)[0]?.settle(answer);
    if (answer.type === 'state') this.onState?.(answer.state);
    if (answer.type === 'exit') this.onExit?.(answer.record);
  }

  #failAll(error: GateError): void {
    for (const each of this.#waiting.splice(0)) each.fail(error);
  }

  #end(error: GateError): void {
    if (this.#ended !== undefined) return;
    this.#ended = error;
    this.#failAll(error);
    this.#out.on('error', () => {}); // whatever still comes says nothing new
    this.#out.end();
    this.#out.destroy();
    this.onClose?.(error);
  }
}
