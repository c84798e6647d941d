/** `open`: from the entry `go` on the attempt has started, and is never started again. */
import { Conflict, InfrastructureFailure, Invalid, kindOf, messageOf } from '@argonaut/contracts';
import type { LateValues, OpenedAttempt } from '@argonaut/contracts/attempt';
import { encodeGateMessages, GatePayloadError } from '@argonaut/init';
import { ConfigurationFault } from '../configuration/errors.ts';
import type { Configured, StepFiles } from '../configuration/step.ts';
import { crashPoint } from '../crash-point.ts';
import { SecretSet } from '../masking/index.ts';
import { placeOf } from './places.ts';
import { gatePayload } from './program.ts';
import { StagingDirectory } from './staging-directory.ts';
import type { AttemptRoom } from './surroundings.ts';

/** To be called under the attempt's lock. Opening again is safe: init starts its program once. */
export async function openAttempt(
  room: AttemptRoom,
  attempt: string,
  epoch: number,
  late: LateValues,
  signal: AbortSignal,
): Promise<OpenedAttempt> {
  const { book, files, gates, places } = room;
  const known = book.require(attempt);
  await book.admit(attempt, epoch);
  const entry = book.require(attempt);
  if (entry.phase === 'ended' || entry.phase === 'drained') return { lines: [] };
  if (entry.phase === 'accepted' || (entry.phase === 'staged' && entry.cancelRequested)) {
    throw new Conflict(
      entry.phase === 'accepted'
        ? `Attempt ${attempt} is not staged yet.`
        : `Attempt ${attempt} was cancelled before it was opened.`,
    );
  }
  const directory = new StagingDirectory(entry.directory);
  const around = await placeOf(places, entry.spec).surroundings(known, signal);
  const { lateFiles, lines } = await configured(
    { files, work: directory.work, originals: directory.originals, lateFiles: around.files },
    late,
    entry.phase === 'go' ? 'again' : 'first',
    signal,
  );
  const payload = gatePayload(entry.spec, { ...late, files: [...late.files, ...lateFiles] }, around);
  check(payload, entry.spec.title);
  crashPoint('open.before-go');
  if (entry.phase === 'staged') await book.put({ ...entry, phase: 'go' });
  crashPoint('open.after-go');
  try {
    await gates.open(directory, payload, signal);
  } catch (error) {
    signal.throwIfAborted();
    // Init has ended already, at its gate or after its program: `follow` tells what became of it.
    if (error instanceof InfrastructureFailure && (await files.stat(directory.exit, signal)))
      return { lines };
    throw error;
  }
  crashPoint('open.after-gate');
  return { lines };
}

/** Lines and complaints may quote a file, and a file may hold what is to be hidden. */
async function configured(
  step: StepFiles,
  { configuration, secrets }: LateValues,
  time: 'first' | 'again',
  signal: AbortSignal,
): Promise<Configured> {
  if (configuration === undefined) return { lateFiles: [], lines: [] };
  // Loaded when it is needed: its parsers take 7 MB.
  const { configureStep } = await import('../configuration/step.ts');
  try {
    const { lateFiles, lines } = await configureStep(step, configuration, time, signal);
    if (lines.length === 0) return { lateFiles, lines };
    const masks = new SecretSet(secrets);
    return { lateFiles, lines: lines.map((line) => ({ ...line, message: masks.mask(line.message) })) };
  } catch (error) {
    // Without a kind it is a mistake of ours, and would be the same the next time.
    if (signal.aborted || !(error instanceof ConfigurationFault || kindOf(error) === undefined)) throw error;
    throw new ConfigurationFault(new SecretSet(secrets).mask(messageOf(error)));
  }
}

/** What cannot go through the gate is found before `go` is written down. */
function check(payload: Parameters<typeof encodeGateMessages>[0], title: string): void {
  try {
    encodeGateMessages(payload);
  } catch (error) {
    if (error instanceof GatePayloadError) {
      throw new Invalid(`"${title}" cannot be given to its program: ${error.message}. No user code ran.`, {
        cause: error,
      });
    }
    throw error;
  }
}
