/** What every kind of archive is read into. */
import type { Readable } from 'node:stream';

export interface Entry {
  /** As it stands in the archive, unchecked. */
  readonly name: string;
  readonly kind: 'file' | 'directory' | 'symlink' | 'hardlink' | 'other';
  /** POSIX permission bits; undefined where the archive has none. */
  readonly mode: number | undefined;
  /** Of files, in bytes, as the archive claims; undefined where it does not. */
  readonly size?: number;
  /** Of links, as it stands in the archive. */
  readonly target?: string;
  /** Of files. Must be read to its end, or destroyed, before the next entry is asked for. */
  content(): Promise<Readable>;
}

export interface Archive extends AsyncDisposable {
  /** In the archive's order. Throws PackageRefused when the archive is damaged. */
  entries(): AsyncIterable<Entry>;
}
