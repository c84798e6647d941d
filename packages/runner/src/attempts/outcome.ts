/**
 * What became of an attempt, from two witnesses: the exit record that init writes when everything is over, and the
 * place that ran it (an engine's container, or a process of the host). Pure. Nothing is guessed: where the witnesses are
 * silent or differ, the outcome says so.
 */
import type { Outcome } from '@argonaut/contracts/attempt';
import { type ExitRecord, exitCodes } from '@argonaut/init';
import { signalName, systemErrorText } from './system-names.ts';

/** What the place says once nothing runs there any more. */
export type Witness =
  | {
      readonly kind: 'container';
      readonly exitCode: number;
      readonly oomKilled: boolean;
      readonly error: string;
      readonly startedAt: string;
    }
  /** A process of the host that is gone; the system keeps no code for strangers. */
  | { readonly kind: 'process'; readonly leftBehind: number }
  /** Neither a container nor a trace of one. */
  | { readonly kind: 'gone' };

export interface Evidence {
  /** The step's name, for messages. */
  readonly title: string;
  /** Absent: there is none, or it cannot be read. */
  readonly exit?: ExitRecord;
  readonly witness?: Witness;
  /** True when the journal says that somebody asked for the end. */
  readonly cancelRequested: boolean;
  /** True when the journal says that the container was killed because it did not end by itself. */
  readonly killSent?: boolean;
  /** True when `go` is in the journal: user code may have run. */
  readonly opened: boolean;
  /** Size of the log as it was read. */
  readonly logBytes: number;
  /** True when something was written to stderr. */
  readonly wroteErrors: boolean;
  /** What the step's owner says of that. */
  readonly failOnErrorOutput: boolean;
  /** What a step leaves behind when it succeeds may go on. */
  readonly mayLinger: boolean;
  readonly memoryLimitBytes?: number;
}

/** The outcome as far as the evidence goes; without a witness it is what init says. */
export function outcomeOf(evidence: Evidence): Outcome {
  const { exit, witness } = evidence;
  if (!exit) return withoutRecord(evidence);
  const verdict = fromRecord(evidence, exit);
  const lingering = evidence.mayLinger && verdict.result === 'Succeeded' && exit.stragglers > 0;
  const outcome = { ...verdict, ...figures(exit), ...(lingering ? { lingering } : {}) };
  const expected = engineCode(exit);
  // Somebody started the container again: init saw that it had been there and touched nothing. The first result counts.
  const startedAgain = witness?.kind === 'container' && witness.exitCode === exitCodes.alreadyStarted;
  if (
    witness?.kind === 'container' &&
    expected !== undefined &&
    witness.exitCode !== expected &&
    witness.exitCode !== CODE_LOST &&
    !startedAgain
  ) {
    return disagreement(outcome, expected, witness.exitCode);
  }
  if (Number(exit.logBytes) > evidence.logBytes) {
    const lost = Number(exit.logBytes) - evidence.logBytes;
    return {
      ...outcome,
      message: `${outcome.message} The log was altered: ${lost} of ${exit.logBytes} bytes are missing; something in the step removed or cut the file.`,
    };
  }
  if (exit.logLost > 0n) {
    return {
      ...outcome,
      message: `${outcome.message} ${exit.logLost} bytes of the log were lost because the worker's disk stayed full.`,
    };
  }
  return outcome;
}

/**
 * What Docker says of a container that ended while the daemon was dead, whose code nobody told it: no witness at all. A script
 * that ends with 255 has the same in its record.
 */
const CODE_LOST = 255;

/** What the engine must say if the record is true. Undefined: the program could not be ended, any code may follow. */
function engineCode(exit: ExitRecord): number | undefined {
  if (exit.code !== null) return exit.code;
  return exit.signal === null ? undefined : 128 + exit.signal;
}

function disagreement(outcome: Outcome, record: number, engine: number): Outcome {
  return {
    ...outcome,
    result: 'Unknown',
    cause: 'disagreement',
    infrastructure: true,
    message: `Outcome unknown: the exit record says ${record}, the engine says ${engine}. The record was altered, or init was killed at the very end. ${lookFirst}`,
  };
}

type Verdict = Pick<Outcome, 'result' | 'cause' | 'message' | 'infrastructure'>;

function fromRecord(evidence: Evidence, exit: ExitRecord): Verdict {
  switch (exit.reason) {
    case 'exited':
      return ended(evidence, exit);
    case 'timeout':
      return {
        result: 'TimedOut',
        cause: 'timed-out',
        infrastructure: false,
        message: `The step took longer than its time-out and was ended after ${took(exit)}: ${answer(exit)}. Raise its time-out, or let it do less.`,
      };
    case 'cancelled':
      return cancelled(evidence, exit);
    case 'cancelled-at-gate':
      return atGate(evidence);
    case 'gate-timeout':
      return {
        result: 'NotStarted',
        cause: 'not-started',
        infrastructure: true,
        message:
          'The step was never started: nobody opened its gate in time. No user code ran; it may be tried again.',
      };
    case 'exec-failed':
      return notRunnable(evidence, exit);
    case 'setup-failed':
      return {
        result: 'NotStarted',
        cause: 'not-started',
        infrastructure: true,
        message: `The step was never started: preparing its ${exit.stage ?? 'program'} failed (${systemErrorText(exit.errno)}). No user code ran; check the memory and the limits of the worker.`,
      };
  }
}

function ended(evidence: Evidence, exit: ExitRecord): Verdict {
  const kills = exit.oomKills ?? 0;
  const succeeded = exit.code === 0;
  if (!succeeded && kills > 0) {
    const limit = evidence.memoryLimitBytes;
    return {
      result: 'Failed',
      cause: 'out-of-memory',
      infrastructure: false,
      message: `The step ran out of memory: the kernel killed ${count(kills, 'process', 'processes')}${
        limit === undefined ? '' : ` at the limit of ${mebibytes(limit)}`
      }, and ${howItEnded(exit)}. Raise the memory limit, or let the step use less.`,
    };
  }
  if (exit.signal !== null) {
    return {
      result: 'Failed',
      cause: 'signalled',
      infrastructure: false,
      message: `The program was ended by ${signalName(exit.signal)}, which did not come from Argonaut: it crashed, or something in the step or on the worker sent it. The end of its log may say why.`,
    };
  }
  if (exit.code === null) {
    return {
      result: 'Unknown',
      cause: 'unknown',
      infrastructure: true,
      message:
        'Outcome unknown: the program belongs to another user and could not be ended. Look at the worker for processes that still run.',
    };
  }
  const note =
    kills > 0 ? ` The kernel killed ${count(kills, 'process', 'processes')} of it for want of memory.` : '';
  if (succeeded && evidence.failOnErrorOutput && evidence.wroteErrors) {
    return {
      result: 'Failed',
      cause: 'error-output',
      infrastructure: false,
      message: `The program ended with exit code 0, but wrote to stderr, which fails this step.${note}`,
    };
  }
  return {
    result: succeeded ? 'Succeeded' : 'Failed',
    cause: 'exited',
    infrastructure: false,
    message: `The program ended with exit code ${exit.code}.${note}`,
  };
}

/** It has begun, and its end was not its own. */
const lookFirst = 'Look at what the step did before running it again.';

/** A TERM that we did not send came from the engine or from a person on the worker: not a cancel. */
function cancelled(evidence: Evidence, exit: ExitRecord): Verdict {
  if (evidence.cancelRequested || exit.by === 'control') {
    return {
      result: 'Cancelled',
      cause: 'cancelled',
      infrastructure: false,
      message: `The step was cancelled: ${answer(exit)}.`,
    };
  }
  return {
    result: 'Failed',
    cause: 'ended-by-engine',
    infrastructure: true,
    message: `The engine ended the step by ${exit.by ?? 'SIGTERM'}, though nobody cancelled it: ${answer(exit)}. Docker does so when it is stopped or restarted without "live-restore", which can be set in its daemon.json; a person may have stopped the container. ${lookFirst}`,
  };
}

function atGate(evidence: Evidence): Verdict {
  return {
    result: evidence.cancelRequested ? 'Cancelled' : 'NotStarted',
    cause: 'cancelled-at-gate',
    infrastructure: !evidence.cancelRequested,
    message: evidence.cancelRequested
      ? 'The step was cancelled before it started. No user code ran.'
      : 'The step was ended before it started, though nobody cancelled it: the engine was stopped, or a person stopped the container. No user code ran; it may be tried again.',
  };
}

const NO_SUCH_FILE = 2;
const NOT_ALLOWED = 13;

function notRunnable({ title }: Evidence, exit: ExitRecord): Verdict {
  const isDirectory = exit.stage === 'cwd';
  const what = isDirectory ? `enter the working directory of "${title}"` : `run the program of "${title}"`;
  const hint = isDirectory
    ? " It must be a directory that is there and that the step's user may enter: make it in the image, or correct the step's working directory."
    : exit.errno === 7
      ? ' One argument or environment variable is larger than 128 KiB, or all together are too large; put big values into files.'
      : exit.errno === 8
        ? ' It is built for another architecture, or is a script without a #! line.'
        : exit.errno === NO_SUCH_FILE
          ? ' It is not there, or what it needs to begin is not: the interpreter of its #! line, or the loader of a program that was built for another C library (glibc in an image with musl).'
          : exit.errno === NOT_ALLOWED
            ? " It must be a file that the step's user may run, on a file system that allows it: make it executable (chmod +x), or choose another program or user."
            : '';
  return {
    result: 'Failed',
    cause: 'program-not-runnable',
    infrastructure: false,
    message: `Cannot ${what}: ${systemErrorText(exit.errno)}.${hint} No user code ran.`,
  };
}

/** What was sent to the program, and what it said to that. */
function answer(exit: ExitRecord): string {
  return exit.killedAfterGrace
    ? `its processes got TERM, did not end within the grace and got KILL; ${howItEnded(exit)}`
    : `its processes got TERM, and ${howItEnded(exit)}`;
}

function howItEnded(exit: ExitRecord): string {
  if (exit.signal !== null) return `it ended by ${signalName(exit.signal)}`;
  return exit.code === null ? 'it could not be ended' : `it ended with exit code ${exit.code}`;
}

function took({ startNs, endNs }: ExitRecord): string {
  return `${Math.round(Number(endNs - startNs) / 1e8) / 10} s`;
}

function withoutRecord(evidence: Evidence): Outcome {
  const { witness } = evidence;
  if (!evidence.opened) {
    return {
      result: evidence.cancelRequested ? 'Cancelled' : 'NotStarted',
      cause: evidence.cancelRequested ? 'cancelled-at-gate' : 'not-started',
      infrastructure: !evidence.cancelRequested,
      message: `The step was never started${witness ? `: ${tell(witness)}` : ''}. No user code ran; it may be tried again.`,
    };
  }
  if (witness?.kind === 'container') return killed(evidence, witness);
  const known =
    witness?.kind === 'process'
      ? `argonaut-init on the worker was killed${
          witness.leftBehind > 0
            ? `, and ${count(witness.leftBehind, 'process', 'processes')} of the step still run`
            : ''
        }`
      : 'neither its container nor its exit record is there any more';
  return {
    result: 'Unknown',
    cause: 'unknown',
    infrastructure: true,
    message: `Outcome unknown: ${known}. It is not run again by itself; look at what it did first.`,
  };
}

function killed(evidence: Evidence, witness: Extract<Witness, { kind: 'container' }>): Outcome {
  const exitCode = witness.exitCode;
  const limit = evidence.memoryLimitBytes;
  if (evidence.cancelRequested) {
    const how =
      evidence.killSent === true
        ? 'its container did not end on TERM within the grace and was killed'
        : `its container ended with code ${exitCode} and left no record, so something else ended it before it had answered`;
    return {
      result: 'Cancelled',
      cause: 'cancelled',
      infrastructure: false,
      exitCode,
      ...(evidence.killSent === true ? { killedAfterGrace: true } : {}),
      message: `The step was cancelled: ${how}.`,
    };
  }
  if (exitCode === exitCodes.directory || exitCode === exitCodes.usage) {
    return {
      result: 'NotStarted',
      cause: 'not-started',
      infrastructure: true,
      exitCode,
      message: `The step was never started: argonaut-init could not use its directory (code ${exitCode}). Check the worker's data directory.`,
    };
  }
  if (witness.oomKilled) {
    return {
      result: 'Failed',
      cause: 'out-of-memory',
      infrastructure: false,
      exitCode,
      message: `The step ran out of memory${
        limit === undefined ? '' : ` at its limit of ${mebibytes(limit)}`
      } and the kernel killed all of it. Raise the memory limit, or let the step use less.`,
    };
  }
  const why = witness.error === '' ? '' : ` (${witness.error})`;
  return {
    result: 'Failed',
    cause: exitCode === 143 ? 'ended-by-engine' : 'killed-from-outside',
    infrastructure: true,
    exitCode,
    message:
      exitCode === 143
        ? `The engine ended the step, though nobody cancelled it. Docker does so when it is stopped without "live-restore", which can be set in its daemon.json. ${lookFirst}`
        : `The step was killed from outside with code ${exitCode}${why}: a person removed or killed its container, the engine was stopped, or the machine went down. ${lookFirst}`,
  };
}

function tell(witness: Witness): string {
  if (witness.kind === 'gone') return 'its container is gone';
  if (witness.kind === 'process') return 'its process is gone';
  return `its container ended with code ${witness.exitCode}${witness.error === '' ? '' : ` (${witness.error})`}`;
}

function figures(exit: ExitRecord): Partial<Outcome> {
  return {
    ...(exit.code === null ? {} : { exitCode: exit.code }),
    ...(exit.signal === null ? {} : { signal: signalName(exit.signal) }),
    ...(exit.oomKills === null ? {} : { oomKills: exit.oomKills }),
    stragglers: exit.stragglers,
    killedAfterGrace: exit.killedAfterGrace,
    logBytes: Number(exit.logBytes),
    startedMs: Number(exit.startNs / 1_000_000n),
    endedMs: Number(exit.endNs / 1_000_000n),
    userCpuUs: exit.userUs,
    systemCpuUs: exit.sysUs,
    maxRssKb: exit.maxRssKb,
  };
}

function count(n: number, one: string, many: string): string {
  return `${n} ${n === 1 ? one : many}`;
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / (1024 * 1024))} MiB`;
}
