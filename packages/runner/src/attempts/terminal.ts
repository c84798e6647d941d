/**
 * A person's terminal in a step's container, while the step runs or is held after its failure. The shell is the image's
 * own and runs as the container's user; it has what the container has, and nothing of ours: no variable and no secret of
 * the step is given to it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Conflict, Invalid, messageOf } from '@argonaut/contracts';
import type { TerminalRequest, TerminalSession } from '@argonaut/contracts/attempt';
import { mountPoints } from '@argonaut/init';
import { SecretSet, StreamMasker } from '../masking/index.ts';
import type { EngineTerminal } from '../ports/engine.ts';
import type { JournalEntry } from '../ports/journal.ts';
import { containerName } from './container-config.ts';
import type { EngineRoom } from './engine-room.ts';
import { workFolder } from './staging-directory.ts';
import { wasOpened } from './surroundings.ts';

/** In this order, unless a person names one. */
const shells = ['bash', 'sh'];

/** How long the beginning of what may be a secret is kept back before it is shown: the echo of a key that is typed. */
const holdBackMs = 100;

const callDeadlineMs = 10_000;

/** Ctrl-C and Ctrl-D: what a shell at its prompt ends on. The engine itself tells a program nothing when a person leaves. */
const hangUp = Uint8Array.of(3, 4);
/** A program that reads nothing may keep it waiting for good. */
const hangUpMs = 1_000;

/**
 * `learn`: what the step's script has declared secret, a set that may grow. `signal`: whoever the terminal is for has left;
 * its shell is told to end, as `close` tells it.
 */
export async function openTerminal(
  engineRoom: EngineRoom | undefined,
  entry: JournalEntry,
  request: TerminalRequest,
  learn: () => Promise<SecretSet>,
  signal: AbortSignal,
): Promise<TerminalSession> {
  const { spec } = entry;
  if (spec.place.kind !== 'container' || engineRoom === undefined) {
    throw new Invalid(
      `"${spec.title}" runs on the worker itself, not in a container: there is no terminal for it. Log in to the worker instead.`,
    );
  }
  if (!wasOpened(entry.phase)) throw new Conflict(`"${spec.title}" has not begun to run yet.`);
  const { engine, interpreters, images } = engineRoom;
  const known = entry.containerId ?? containerName(spec.attempt);
  const state = await engine.inspectContainer(known, signal);
  if (state?.status !== 'running') {
    throw new Conflict(
      `The container of "${spec.title}" has ended: there is nothing left to look into. Mark the step with "hold on failure" to keep it next time.`,
    );
  }
  const image = images.known(spec.place.image.local);
  const wanted = request.shell === undefined ? shells : [request.shell];
  const shell = await interpreters
    .find(state.id, spec.place, image, wanted, signal)
    .catch((error: unknown) => {
      if (!(error instanceof Invalid)) throw error;
      throw new Invalid(
        `There is no ${wanted.join(' and no ')} in the image ${spec.place.kind === 'container' ? spec.place.image.reference : ''}, so no terminal can be opened. Name another program of it, or use an image that has a shell.`,
        { cause: error },
      );
    });
  const learnt = await learn();
  const { columns, rows, term } = request;
  const terminal = await engine.terminal(
    state.id,
    {
      argv: [shell],
      environment: [`TERM=${term}`],
      workingDirectory: `${mountPoints.attempt}/${workFolder}`,
      columns,
      rows,
    },
    signal,
  );
  const { stream } = terminal;
  let closing: Promise<void> | undefined;
  const end = (): Promise<void> => {
    closing ??= close(terminal);
    return closing;
  };
  const leave = (): void => void end();
  signal.addEventListener('abort', leave, { once: true });
  stream.once('close', () => signal.removeEventListener('abort', leave));
  if (signal.aborted) leave();
  const secrets = new SecretSet();
  secrets.add(request.secrets);
  return {
    container: state.id.slice(0, 12),
    shell,
    output: maskedOutput(stream, secrets, learnt),
    write: (bytes) => write(terminal, bytes),
    resize: (size) => terminal.resize(size.columns, size.rows, AbortSignal.timeout(callDeadlineMs)),
    exitCode: () => terminal.exitCode(AbortSignal.timeout(callDeadlineMs)).catch(() => undefined),
    close: end,
  };
}

export async function close(terminal: Pick<EngineTerminal, 'stream'>): Promise<void> {
  if (!terminal.stream.writable) return;
  const patience = new AbortController();
  const enough = sleep(hangUpMs, undefined, { signal: patience.signal }).catch(() => {});
  await Promise.race([write(terminal, hangUp).catch(() => {}), enough]);
  patience.abort();
  terminal.stream.destroy();
}

function write({ stream }: Pick<EngineTerminal, 'stream'>, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    if (!stream.writable) {
      reject(new Conflict('The terminal is closed.'));
      return;
    }
    stream.write(bytes, (error) => {
      if (error) reject(new Conflict(`The terminal is closed: ${messageOf(error)}`, { cause: error }));
      else resolve();
    });
  });
}

/**
 * The stream with secrets hidden. What may be the beginning of one is kept back for a moment only: somebody waits for the
 * echo of what they type. So a secret that is shown piece by piece, with pauses between, is not hidden. What is in `learnt`
 * when something is to be shown is hidden, too.
 */
export async function* maskedOutput(
  stream: AsyncIterable<Uint8Array>,
  secrets: SecretSet,
  learnt?: SecretSet,
): AsyncGenerator<Uint8Array> {
  const chunks = stream[Symbol.asyncIterator]();
  let masker = new StreamMasker(secrets);
  let taken = 0;
  let known = 0;
  let next = settled(chunks.next());
  for (;;) {
    const silence = new AbortController();
    const holds = taken > masker.safeCut;
    const waited = holds
      ? sleep(holdBackMs, undefined, { signal: silence.signal }).catch(() => {})
      : undefined;
    const arrived = await (waited === undefined ? next : Promise.race([next, waited]));
    silence.abort();
    if (arrived === undefined) {
      for (const { bytes } of masker.flush()) yield bytes;
      masker = new StreamMasker(secrets);
      taken = 0;
      continue;
    }
    if (arrived.done === true) break;
    taken += arrived.value.length;
    if (learnt !== undefined && learnt.masked.length > known) {
      secrets.add(learnt.masked.slice(known));
      known = learnt.masked.length;
    }
    for (const { bytes } of masker.write(arrived.value)) yield bytes;
    next = settled(chunks.next());
  }
  for (const { bytes } of masker.flush()) yield bytes;
}

/** A connection that breaks ends the terminal like its shell does; the exit code, or its absence, tells them apart. */
function settled(next: Promise<IteratorResult<Uint8Array>>): Promise<IteratorResult<Uint8Array>> {
  return next.catch(() => ({ done: true, value: undefined }));
}
