/** What opens a gate: the values that are known late, cut into messages. Pure. */
import { gateLimits } from './facts.ts';
import { encodeMessage, encodeRecord, recordHeaderBytes } from './protocol.ts';

export interface GateFile {
  /** One path component; the file appears below the files directory with mode 0400, owned by the program's user. */
  readonly name: string;
  readonly content: string | Uint8Array;
}

export interface GateOptions {
  /** From the program's start, in ms, on a clock that runs while the machine sleeps. None by default. */
  readonly deadlineMs?: number;
  /** Between TERM and KILL. Default 5,000. */
  readonly graceMs?: number;
  /** How long what the program left behind may still print. Default 2,000. */
  readonly drainMs?: number;
  /** Keep a failed attempt for inspection so long after its result is known. Default 0. */
  readonly holdMs?: number;
  /** What is held: what failed (the default), or also what wrote to stderr. */
  readonly holdOn?: 'failure' | 'errors';
  /** `one`: stdout and stderr share a pipe: exact order, no tags. Default `two`. */
  readonly streams?: 'one' | 'two';
  /** Host steps only: leave what the program started running, and stay as the reader of its pipes. */
  readonly linger?: boolean;
}

export interface GatePayload {
  /** argv; the first is looked up in the *new* PATH unless it has a slash. */
  readonly program: readonly string[];
  /** Default: the directory in which init was started (an image's WORKDIR). */
  readonly cwd?: string;
  /** Laid over init's own environment; null removes a variable. */
  readonly env?: Readonly<Record<string, string | null>>;
  readonly files?: readonly GateFile[];
  readonly options?: GateOptions;
}

/** The payload cannot be what the author meant; nothing was sent. Messages never quote a value: it may be secret. */
export class GatePayloadError extends Error {
  readonly kind = 'Invalid';
}

/**
 * The messages that open a gate, `go` at the end of the last. Write them in order on one connection; init acts only
 * when the last has arrived whole, and forgets all of them if the connection ends before.
 */
export function encodeGateMessages(payload: GatePayload): Buffer[] {
  const records = [...payloadRecords(payload), encodeRecord('go')];
  const total = records.reduce((sum, record) => sum + record.length + 1, 0);
  if (total > gateLimits.payloadBytes) {
    throw new GatePayloadError(
      `the step's variables and files take ${total} bytes; a gate carries at most ${gateLimits.payloadBytes}. ` +
        'Deliver big content as a package.',
    );
  }
  const messages: Buffer[] = [];
  let waiting: Buffer[] = [];
  let bytes = 0;
  for (const record of records) {
    if (bytes + record.length > gateLimits.messageBytes) {
      messages.push(encodeMessage(waiting));
      waiting = [];
      bytes = 0;
    }
    waiting.push(record);
    bytes += record.length;
  }
  messages.push(encodeMessage(waiting));
  return messages;
}

function* payloadRecords(payload: GatePayload): Generator<Buffer> {
  if (payload.program.length === 0) throw new GatePayloadError('no program: at least one argument is needed');
  for (const argument of payload.program) {
    yield encodeRecord('argument', checked(argument, `an argument of ${JSON.stringify(payload.program[0])}`));
  }
  if (payload.cwd !== undefined) yield encodeRecord('cwd', checked(payload.cwd, 'the working directory'));
  for (const [name, value] of Object.entries(payload.env ?? {})) {
    if (name === '' || name.includes('=')) {
      throw new GatePayloadError(
        `${JSON.stringify(name)} cannot name an environment variable: a name is not empty and holds no "=". Give the variable another name`,
      );
    }
    yield encodeRecord('env', checked(value === null ? name : `${name}=${value}`, `the variable ${name}`));
  }
  for (const [key, value] of optionPairs(payload.options ?? {}))
    yield encodeRecord('option', `${key}=${value}`);
  for (const file of payload.files ?? []) yield* fileRecords(file);
}

function* fileRecords(file: GateFile): Generator<Buffer> {
  const nameBytes = Buffer.byteLength(file.name);
  if (
    file.name === '' ||
    file.name === '.' ||
    file.name === '..' ||
    /[/\0]/.test(file.name) ||
    nameBytes > gateLimits.fileNameBytes
  ) {
    throw new GatePayloadError(
      `${JSON.stringify(file.name)} cannot name a file: one path component is needed`,
    );
  }
  const content = typeof file.content === 'string' ? Buffer.from(file.content, 'utf8') : file.content;
  const first = gateLimits.messageBytes - recordHeaderBytes - nameBytes - 1;
  yield encodeRecord('file', file.name, '\0', content.subarray(0, first));
  const step = gateLimits.messageBytes - recordHeaderBytes;
  for (let at = first; at < content.length; at += step) {
    yield encodeRecord('fileMore', content.subarray(at, at + step));
  }
}

function* optionPairs(options: GateOptions): Generator<[string, string]> {
  const times = {
    'deadline-ms': options.deadlineMs,
    'grace-ms': options.graceMs,
    'drain-ms': options.drainMs,
    'hold-ms': options.holdMs,
  };
  for (const [key, ms] of Object.entries(times)) {
    if (ms === undefined) continue;
    if (!Number.isSafeInteger(ms) || ms < 0)
      throw new GatePayloadError(`${key} must be whole milliseconds, not ${ms}`);
    yield [key, String(ms)];
  }
  if (options.holdOn !== undefined) yield ['hold-on', options.holdOn];
  if (options.streams !== undefined) yield ['streams', options.streams];
  if (options.linger !== undefined) yield ['linger', options.linger ? 'yes' : 'no'];
}

function checked(text: string, what: string): string {
  if (text.includes('\0'))
    throw new GatePayloadError(
      `${what} contains a NUL byte, which no program can receive. Leave it out, or encode the value`,
    );
  const bytes = Buffer.byteLength(text);
  if (bytes > gateLimits.stringBytes) {
    throw new GatePayloadError(
      `${what} takes ${bytes} bytes; Linux passes at most ${gateLimits.stringBytes} in one string. Put it into a file`,
    );
  }
  return text;
}
