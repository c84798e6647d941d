/**
 * The worker's file system, as far as the runner needs it. Paths are absolute and the worker's own. A missing file
 * is `undefined` where a value is asked for; every other failure is an `InfrastructureFailure` with the path.
 */
import type { Duplex } from 'node:stream';

export interface FileState {
  readonly kind: 'file' | 'directory' | 'socket' | 'other';
  readonly size: number;
  readonly modifiedMs: number;
}

/** One thing below a directory. */
export interface TreeEntry {
  /** Relative to the directory, with slashes. */
  readonly path: string;
  readonly kind: 'file' | 'directory' | 'link' | 'other';
  readonly size: number;
  /** The nine permission bits. */
  readonly permissions: number;
}

export interface DiskSpace {
  readonly totalBytes: number;
  /** What a user without privileges may still take. */
  readonly freeBytes: number;
}

export interface OpenFile extends AsyncDisposable {
  /** Bytes from an offset, at most `maxBytes`; empty at the present end of the file. */
  read(offset: number, maxBytes: number, signal: AbortSignal): Promise<Uint8Array>;
  size(signal: AbortSignal): Promise<number>;
}

export interface Files {
  /** Creates the directory (parents too) with exactly this mode, whatever the umask. Existing is not an error. */
  makeDirectory(path: string, mode: number, signal: AbortSignal): Promise<void>;

  /** Whole or not at all: written beside, synced, renamed. */
  writeFile(path: string, bytes: Uint8Array, mode: number, signal: AbortSignal): Promise<void>;

  /**
   * A new file of exactly this mode, written as the bytes come. Not synced: for what is made anew after a crash. An existing
   * one is a failure; a file that failed half-way stays.
   */
  createFile(
    path: string,
    mode: number,
    content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    signal: AbortSignal,
  ): Promise<void>;

  /** A new symbolic link at `path`; an existing one is a failure. */
  makeLink(path: string, target: string, signal: AbortSignal): Promise<void>;

  /** Over a file that is there; both on one file system. */
  rename(from: string, to: string, signal: AbortSignal): Promise<void>;

  /** Copies a file to a path that is not there, or what lies below a directory into a directory; modes and links as they are. */
  copy(from: string, to: string, signal: AbortSignal): Promise<void>;

  /** Everything below a directory, in no order, links not followed. More than `mostEntries` is a failure. */
  walk(directory: string, mostEntries: number, signal: AbortSignal): Promise<readonly TreeEntry[]>;

  stat(path: string, signal: AbortSignal): Promise<FileState | undefined>;

  /** Where the path leads when every link on it is followed. */
  realPath(path: string, signal: AbortSignal): Promise<string | undefined>;

  /** The whole of a small file, `undefined` when it is not there. `InfrastructureFailure` above `maxBytes`. */
  readFile(path: string, maxBytes: number, signal: AbortSignal): Promise<Uint8Array | undefined>;

  /** Opens a file for reading; what is read is that file even when it is deleted or replaced later. Follows no link. */
  openFile(path: string, signal: AbortSignal): Promise<OpenFile | undefined>;

  list(path: string, signal: AbortSignal): Promise<readonly string[]>;

  /** Removes the tree; missing is not an error. Never follows links out of it. */
  remove(path: string, signal: AbortSignal): Promise<void>;

  /**
   * Resolves when something in this directory may have changed (a new file, more bytes), or after `maxMs`. May
   * resolve early; never resolves late by more than the implementation's polling interval, which it documents.
   */
  waitForChange(directory: string, maxMs: number, signal: AbortSignal): Promise<void>;

  /**
   * Connects to a Unix socket. Paths longer than 107 bytes must work. Nobody there (yet): an `InfrastructureFailure`
   * whose `details.code` is `ENOENT` or `ECONNREFUSED`.
   */
  connect(path: string, signal: AbortSignal): Promise<Duplex>;

  /** Of the disk that the path is on. */
  space(path: string, signal: AbortSignal): Promise<DiskSpace | undefined>;
}
