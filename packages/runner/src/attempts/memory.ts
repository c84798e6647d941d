/** How much memory the worker could give to new programs, by its kernel's own estimate. */
import type { Files } from '../ports/files.ts';

const maxBytes = 64 * 1024;

/** `MemAvailable` of proc(5): free memory and what the kernel would give back. Undefined where there is no such file. */
export async function freeMemoryBytes(files: Files, signal: AbortSignal): Promise<number | undefined> {
  const bytes = await files.readFile('/proc/meminfo', maxBytes, signal);
  const kibibytes = /^MemAvailable:\s+(\d+) kB$/m.exec(Buffer.from(bytes ?? []).toString('latin1'))?.[1];
  return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
}
