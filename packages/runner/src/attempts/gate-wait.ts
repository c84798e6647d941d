/** The engine or the system has said that init runs; now init must say so too, or the place tell why not. */
import { InfrastructureFailure, TimedOut } from '@argonaut/contracts';
import type { Clock } from '../ports/clock.ts';
import type { Files } from '../ports/files.ts';
import type { Gates } from './gate.ts';
import type { AttemptPlace, StagedPlace } from './place.ts';
import type { StagingDirectory } from './staging-directory.ts';

const gateDeadlineMs = 30_000;

export interface GateWait {
  readonly files: Files;
  readonly gates: Gates;
  readonly clock: Clock;
}

export async function waitForGate(
  { files, gates, clock }: GateWait,
  place: Pick<AttemptPlace, 'startFailure'>,
  made: StagedPlace,
  directory: StagingDirectory,
  signal: AbortSignal,
): Promise<void> {
  const end = clock.monotonic() + gateDeadlineMs;
  let failure: string | undefined;
  while (!(await gates.isThere(directory, signal))) {
    if (failure !== undefined) throw new InfrastructureFailure(`The step was never started: ${failure}.`);
    if (clock.monotonic() > end) {
      throw new TimedOut(`argonaut-init did not make its gate within ${gateDeadlineMs / 1000} s.`);
    }
    await files.waitForChange(directory.attempt, 100, signal);
    // Looked at before the socket is looked for once more: an init that was quick is not a failure.
    if (!(await gates.isThere(directory, signal))) failure = await place.startFailure(made, signal);
  }
}
