/** A person's terminal in the container of an attempt: bytes in both directions, and a size. */
import type { NamedSecret } from './spec.ts';

export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

export interface TerminalRequest extends TerminalSize {
  /** A program of the container by path or name; absent: bash, else sh. */
  readonly shell?: string;
  /** Kind of terminal, as `TERM`. */
  readonly term: string;
  /** What is hidden in the output, as in the attempt's log. */
  readonly secrets: readonly NamedSecret[];
}

export interface TerminalSession {
  /** The container's id, short, for the audit trail. */
  readonly container: string;
  /** The shell that was found. */
  readonly shell: string;
  /** What the terminal shows, with secrets hidden. Ends when the shell does, or the connection is lost. To be read once. */
  readonly output: AsyncIterable<Uint8Array>;
  /** What is typed. Resolves when the engine has taken it. */
  write(bytes: Uint8Array): Promise<void>;
  resize(size: TerminalSize): Promise<void>;
  /** After the end of the output: the shell's exit code; undefined when it still runs or nobody knows. */
  exitCode(): Promise<number | undefined>;
  /** Hangs up. A program in the terminal that ignores that ends with the container at the latest. */
  close(): Promise<void>;
}
