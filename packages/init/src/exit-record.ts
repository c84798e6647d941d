/**
 * The exit record: one JSON line that init writes when the program and all that it started are gone and the log is
 * complete. It is the outcome of an attempt; the engine's exit code is its second witness.
 */

/**
 * Who ended the attempt. `exited`: the program itself (or a signal that was not ours); `timeout`, `cancelled`: we did,
 * and `code` or `signal` say how it answered. The rest never ran user code.
 */
export type ExitReason =
  | 'exited'
  | 'timeout'
  | 'cancelled'
  | 'cancelled-at-gate'
  | 'gate-timeout'
  | 'exec-failed'
  | 'setup-failed';

export interface ExitRecord {
  readonly version: 1;
  readonly reason: ExitReason;
  /** The program's exit code; or init's own where the program never ran. Null if a signal ended it. */
  readonly code: number | null;
  /** The signal's number; null if it exited. Both null: it could not be ended (another user's process). */
  readonly signal: number | null;
  /** What failed: `exec`, `cwd`, `files`, `pipe`, `fork`. Only with `exec-failed` and `setup-failed`. */
  readonly stage: string | null;
  /** The system's error number that belongs to `stage`. */
  readonly errno: number | null;
  /** What a cancel came by: `control` (the socket or relay) or the name of a signal sent to init. */
  readonly by: 'control' | 'SIGTERM' | 'SIGINT' | 'SIGQUIT' | null;
  /** OOM kills that the kernel counted in our cgroup during the run; null where no counter can be read. */
  readonly oomKills: number | null;
  /** Processes that the program left behind and that still lived after the drain. With `linger` they go on. */
  readonly stragglers: number;
  /** Of those, how many could not be killed (another user's); as PID 1 init takes them along when it leaves. */
  readonly unkilled: number;
  readonly orphansReaped: number;
  /** TERM was not enough within the grace. */
  readonly killedAfterGrace: boolean;
  /** Wall clock, ns since 1970. `endNs` is the start plus the time that really passed. */
  readonly startNs: bigint;
  readonly endNs: bigint;
  /** CPU time of the program and all reaped descendants, in microseconds. */
  readonly userUs: number;
  readonly sysUs: number;
  /** Largest resident set of one of them, in KiB. */
  readonly maxRssKb: number;
  /** Bytes that init stored. A log file of another size was altered by the script. */
  readonly logBytes: bigint;
  /** Bytes given up because the disk stayed full until the deadline or a cancel. */
  readonly logLost: bigint;
}

/** The text is not an exit record of this version. */
export class ExitRecordError extends Error {
  readonly kind = 'InfrastructureFailure';
}

const reasons: readonly string[] = [
  'exited',
  'timeout',
  'cancelled',
  'cancelled-at-gate',
  'gate-timeout',
  'exec-failed',
  'setup-failed',
] satisfies ExitReason[];

/**
 * Reads the text of `exit`. Throws an `ExitRecordError` on anything else: the script is the same user as init and can
 * put other things there, so nothing is taken on trust.
 */
export function parseExitRecord(text: string): ExitRecord {
  const value = parseObject(text);
  const field = new Fields(value);
  if (value.version !== 1)
    throw new ExitRecordError(`exit record of version ${String(value.version)}; this worker reads 1`);
  const reason = field.oneOf('reason', reasons) as ExitReason;
  const by = value.by === undefined ? null : field.oneOf('by', ['control', 'SIGTERM', 'SIGINT', 'SIGQUIT']);
  return {
    version: 1,
    reason,
    code: field.optionalNumber('code'),
    signal: field.optionalNumber('signal'),
    stage: value.stage === undefined ? null : field.oneOf('stage', ['exec', 'cwd', 'files', 'pipe', 'fork']),
    errno: field.optionalNumber('errno'),
    by: by as ExitRecord['by'],
    oomKills: field.optionalNumber('oomKills'),
    stragglers: field.number('stragglers'),
    unkilled: field.number('unkilled'),
    orphansReaped: field.number('orphansReaped'),
    killedAfterGrace: field.boolean('killedAfterGrace'),
    startNs: field.bigint('startNs'),
    endNs: field.bigint('endNs'),
    userUs: field.number('userUs'),
    sysUs: field.number('sysUs'),
    maxRssKb: field.number('maxRssKb'),
    logBytes: field.bigint('logBytes'),
    logLost: field.bigint('logLost'),
  };
}

function parseObject(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new ExitRecordError('the exit record is not JSON; the script may have overwritten it', { cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ExitRecordError('the exit record is not a JSON object; the script may have overwritten it');
  }
  return value as Record<string, unknown>;
}

/** Reads fields of one record, naming the one that is wrong. */
class Fields {
  readonly #value: Record<string, unknown>;

  constructor(value: Record<string, unknown>) {
    this.#value = value;
  }

  number(name: string): number {
    const value = this.#value[name];
    if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw wrong(name);
    return value;
  }

  optionalNumber(name: string): number | null {
    const value = this.#value[name];
    return value === undefined || value === null ? null : this.number(name);
  }

  boolean(name: string): boolean {
    const value = this.#value[name];
    if (typeof value !== 'boolean') throw wrong(name);
    return value;
  }

  oneOf(name: string, allowed: readonly string[]): string {
    const value = this.#value[name];
    if (typeof value !== 'string' || !allowed.includes(value)) throw wrong(name);
    return value;
  }

  /** Nanoseconds exceed 2^53, so they travel as strings; byte counts travel as numbers. */
  bigint(name: string): bigint {
    const value = this.#value[name];
    if (typeof value === 'string' && /^\d{1,20}$/.test(value)) return BigInt(value);
    const count = this.number(name);
    if (count < 0) throw wrong(name);
    return BigInt(count);
  }
}

function wrong(name: string): ExitRecordError {
  return new ExitRecordError(`the exit record has no valid ${name}; the script may have overwritten it`);
}
