/** Stores the log of an open attempt, from where it was stored to, and then its outcome. */
import { ArgonautError, kindOf } from '@argonaut/contracts';
import type { AttemptConfirmed, AttemptEnded, LogChunk, Outcome } from '@argonaut/contracts/attempt';
import type { TaskEvent } from '@argonaut/orchestrator';
import type { LogFrame } from '../tasklog/index.ts';
import type { Call } from './call.ts';
import { isTrouble } from './patience.ts';
import { sayLine } from './say-line.ts';
import { serviceFrames } from './service-frames.ts';

/** Bytes that may wait to become durable before the worker is asked for more. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024;

export async function followAttempt(attempt: string, call: Call): Promise<void> {
  const { execution } = call;
  const servicesTold = new Set<string>();
  try {
    await call.patiently((answered) => followOnce(attempt, call, answered, servicesTold), isTrouble);
  } catch (error) {
    if (kindOf(error) !== 'NotFound') throw error;
    const outcome: Outcome = {
      result: 'Unknown',
      cause: 'unknown',
      message: `The worker has no record of it any more: ${execution.told(error)}`,
      infrastructure: true,
    };
    await execution.post({
      events: [
        { type: 'ended', attempt, outcome },
        { type: 'confirmed', attempt, outcome },
      ],
    });
  }
}

/** `servicesTold`: those whose end the log has; after a connection that broke the worker tells it once more. */
async function followOnce(
  attempt: string,
  { execution, lease, epoch, signal }: Call,
  answered: () => void,
  servicesTold: Set<string>,
): Promise<void> {
  const options = { ...execution.position(attempt), secrets: execution.secretsOf(attempt) };
  let waiting = 0;
  let stored: Promise<void> = Promise.resolve();
  let endedMs: number | undefined;
  for await (const event of lease.connection.follow(attempt, epoch, options, signal)) {
    if (event.type === 'log') {
      answered();
      waiting += sizeOf(event);
      stored = execution.post({ chunk: { attempt, chunk: event } });
      stored.catch(() => {});
      if (waiting < MAX_WAITING_BYTES) continue;
      await stored;
      waiting = 0;
      continue;
    }
    if (event.type === 'notice') {
      sayLine(execution, attempt, event);
      continue;
    }
    if (event.type === 'service-ended') {
      if (servicesTold.has(event.service.name)) continue;
      servicesTold.add(event.service.name);
      const frames = serviceFrames(attempt, [event.service], execution.ports.now());
      execution.post({ frames }).catch(() => {});
      continue;
    }
    // What the script said about its failure was in the log, which must be entered first.
    await stored;
    const resultMessage = execution.resultMessage(attempt);
    const told: TaskEvent =
      event.type === 'ended' && resultMessage !== undefined
        ? { type: 'ended', attempt, outcome: event.outcome, resultMessage }
        : { ...event, attempt };
    const nowMs = execution.ports.now();
    const timings = timingFrames(event, attempt, nowMs, endedMs);
    endedMs ??= nowMs;
    const frames = [...framesOf(event, attempt, execution, servicesTold), ...timings];
    await execution.post({ events: [told], frames });
    if (event.type === 'confirmed') return;
  }
  throw new ArgonautError(
    'Unavailable',
    `Worker "${lease.name}" stopped telling about attempt ${attempt} before its end.`,
  );
}

/** How the services did: told once, with the end of the attempt; without the end of a log that was shown meanwhile. */
function framesOf(
  event: AttemptEnded | AttemptConfirmed,
  attempt: string,
  { state, ports }: Call['execution'],
  servicesTold: ReadonlySet<string>,
): LogFrame[] {
  if (event.type !== 'ended' || event.services === undefined) return [];
  const phase = state.attempts[attempt]?.phase;
  if (phase === 'ended') return [];
  const reports = event.services.map((report) =>
    servicesTold.has(report.name) ? { ...report, log: '' } : report,
  );
  return serviceFrames(attempt, reports, ports.now());
}

/**
 * `run`: the program and all that it started, as init says it. `drain`: from then on until everything that it wrote was stored.
 * `confirm`: until the engine agreed, beside which the next step has begun.
 */
function timingFrames(
  { type, outcome }: AttemptEnded | AttemptConfirmed,
  activity: string,
  nowMs: number,
  endedMs: number | undefined,
): LogFrame[] {
  if (type === 'confirmed') {
    return endedMs === undefined ? [] : [{ type: 'timing', activity, timings: { confirm: nowMs - endedMs } }];
  }
  const { startedMs, endedMs: overMs } = outcome;
  if (startedMs === undefined || overMs === undefined) return [];
  // Two clocks when the worker is another machine.
  const timings = { run: overMs - startedMs, drain: Math.max(0, nowMs - overMs) };
  return [{ type: 'timing', activity, timings }];
}

function sizeOf(chunk: LogChunk): number {
  return chunk.runs.reduce((sum, run) => sum + run.bytes.length, 0);
}
