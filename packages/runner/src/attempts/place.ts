/**
 * What differs between an attempt in a container and one that is a plain process of the host. Everything else, the gate,
 * the log, the exit record and the life cycle, is the same.
 */
import type { AttemptSpec } from '@argonaut/contracts/attempt';
import type { JournalEntry } from '../ports/journal.ts';
import type { Witness } from './outcome.ts';
import type { ProgramSurroundings } from './program.ts';
import type { StagingDirectory } from './staging-directory.ts';

/** What the journal remembers of a staged attempt. */
export type StagedPlace = Pick<JournalEntry, 'containerId' | 'sandboxId' | 'process' | 'interpreter'>;

export type Timings = Record<string, number>;

export interface AttemptPlace {
  /**
   * Everything up to the running init, whose gate may not be there yet. `note` hears of each thing as it is made, so
   * that the caller can remove it when this throws.
   */
  start(
    spec: AttemptSpec,
    directory: StagingDirectory,
    note: (made: StagedPlace) => void,
    timings: Timings,
    signal: AbortSignal,
  ): Promise<void>;

  /** The step's directory, as its program sees it. */
  work(directory: StagingDirectory): string;

  /** Why there is no gate, once it is certain that there will be none; `undefined` while there is hope. */
  startFailure(entry: StagedPlace, signal: AbortSignal): Promise<string | undefined>;

  surroundings(entry: JournalEntry, signal: AbortSignal): Promise<ProgramSurroundings>;

  /** Resolves when nothing of the attempt runs any more. */
  ended(entry: JournalEntry, signal: AbortSignal): Promise<Witness>;

  /** Whether `ended` says anything about the exit code, so that it is worth waiting for. */
  readonly knowsExitCode: boolean;

  /** Past init: for when its socket is gone. */
  kill(entry: JournalEntry, name: 'SIGTERM' | 'SIGKILL', signal: AbortSignal): Promise<void>;

  /** Removes what `start` made, the directory excepted. When it resolves it is gone. */
  remove(entry: JournalEntry, signal: AbortSignal): Promise<void>;

  /** A file as the program saw it; for artifacts. */
  read(entry: JournalEntry, path: string, signal: AbortSignal): AsyncIterable<Uint8Array>;
}
