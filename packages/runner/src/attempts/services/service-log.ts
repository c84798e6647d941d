/** The end of a service's log, masked. */

import type { SecretSet } from '../../masking/index.ts';
import type { Files } from '../../ports/files.ts';
import type { StagingDirectory } from '../staging-directory.ts';

/** Read from the end of the log. A log that is longer loses its beginning, and with it what may be half a secret. */
const readBytes = 1024 * 1024;
/** Shown of it. */
const shownCharacters = 32 * 1024;

/**
 * The last lines; empty when nothing was printed. What is read begins so far before what is shown that no secret can be cut
 * in two, in any of its forms.
 */
export async function maskedTail(
  files: Files,
  directory: StagingDirectory,
  secrets: SecretSet,
  signal: AbortSignal,
): Promise<string> {
  await using log = await files.openFile(directory.log, signal);
  if (!log) return '';
  const size = await log.size(signal);
  const margin = longestFormOf(secrets.longest);
  const from = Math.max(0, size - readBytes - margin);
  const parts: Uint8Array[] = [];
  for (let at = from; at < size; ) {
    const bytes = await log.read(at, size - at, signal);
    if (bytes.length === 0) break;
    parts.push(bytes);
    at += bytes.length;
  }
  const text = secrets.mask(Buffer.concat(parts).toString('utf8'));
  const whole = from === 0 ? text : text.slice(margin);
  if (whole.length <= shownCharacters) return whole.trimEnd();
  const cut = whole.slice(-shownCharacters);
  return cut.slice(cut.indexOf('\n') + 1).trimEnd();
}

/** The longest derived form writes six characters for one (`\u0041`), and breaks lines in between. */
function longestFormOf(characters: number): number {
  return 12 * characters;
}
