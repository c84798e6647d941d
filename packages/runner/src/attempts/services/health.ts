/** Waits until a service can be used. Its program is asked from within its container; nothing else would be the truth. */
import { Conflict, messageOf, NotFound, TimedOut } from '@argonaut/contracts';
import type { ServiceHealth } from '@argonaut/contracts/attempt';
import type { Clock } from '../../ports/clock.ts';
import type { Engine, ExecResult } from '../../ports/engine.ts';
import type { ReadyCheck } from './service-spec.ts';

const defaults = { intervalMs: 1_000, timeoutMs: 30_000, deadlineMs: 120_000 };
/** The first checks follow each other faster: most services need less than a second. */
const firstPauseMs = 100;
const quotedCharacters = 300;

export interface HealthWait {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly containerId: string;
  readonly check: ReadyCheck;
  readonly health: ServiceHealth;
  /** Hides secrets in what the check printed. */
  readonly mask: (text: string) => string;
  /** Why it has ended, once it has. */
  readonly ended: () => Promise<string | undefined>;
}

/** How long a service is waited for altogether, in milliseconds. */
export function deadlineOf({ deadlineMs = defaults.deadlineMs }: ServiceHealth): number {
  return deadlineMs;
}

/** Resolves with nothing when the service is healthy, otherwise with why it is not, as the end of a sentence. */
export async function untilHealthy(wait: HealthWait, signal: AbortSignal): Promise<string | undefined> {
  const { clock, check, health, ended } = wait;
  const { intervalMs = defaults.intervalMs, retries = Number.POSITIVE_INFINITY } = health;
  const deadlineMs = deadlineOf(health);
  const end = clock.monotonic() + deadlineMs;
  let pause = Math.min(firstPauseMs, intervalMs);
  for (let failed = 0; ; pause = Math.min(2 * pause, intervalMs)) {
    const over = await ended();
    if (over !== undefined) return over;
    if (!check.argv) return undefined;
    const why = await checkOnce(wait, check.argv, end - clock.monotonic(), signal);
    if (why === undefined) return undefined;
    failed += 1;
    const times = failed === 1 ? 'once' : `${failed} times`;
    if (failed >= retries) return (await ended()) ?? `was not healthy: ${check.name} failed ${times}${why}`;
    if (clock.monotonic() + pause > end) {
      const seconds = Math.round(deadlineMs / 100) / 10;
      return (await ended()) ?? `was not healthy within ${seconds} s: ${check.name} failed ${times}${why}`;
    }
    await clock.sleep(pause, signal);
  }
}

/** Nothing when the check succeeded, otherwise what it said. */
async function checkOnce(
  { engine, containerId, check, health, mask, ended }: HealthWait,
  argv: readonly string[],
  leftMs: number,
  signal: AbortSignal,
): Promise<string | undefined> {
  const timeoutMs = health.timeoutMs ?? check.timeoutMs ?? defaults.timeoutMs;
  const allowed = Math.max(1, Math.ceil(Math.min(timeoutMs, leftMs)));
  const timeout = AbortSignal.timeout(allowed);
  try {
    return said(await engine.execute(containerId, argv, AbortSignal.any([signal, timeout])), mask);
  } catch (error) {
    signal.throwIfAborted();
    if (timeout.aborted) return ` (it did not answer within ${Math.round(allowed / 100) / 10} s)`;
    // The container has ended, or the program is not there: what `ended` says next, or the same again.
    if (error instanceof Conflict || error instanceof NotFound || error instanceof TimedOut)
      return ` (${messageOf(error)})`;
    // Docker says 500 when the container ended inside the call: how it ended is the answer.
    if ((await ended()) !== undefined) return ` (${messageOf(error)})`;
    throw error;
  }
}

/** Masked before it is cut: half a secret is not recognised any more. */
function said({ exitCode, output }: ExecResult, mask: HealthWait['mask']): string | undefined {
  if (exitCode === 0) return undefined;
  const text = mask(output).trim().slice(-quotedCharacters).replaceAll(/\s+/g, ' ');
  return text === '' ? ` (code ${exitCode})` : ` (code ${exitCode}: ${text})`;
}
