/** How much an archive may become: a few kilobytes must not fill a disk. */

export interface UnpackLimits {
  /** Unpacked, in bytes. */
  readonly bytes: number;
  readonly entries: number;
  /** Names in one path. */
  readonly depth: number;
  /** Unpacked bytes for each byte of the archive, once `freeBytes` are exceeded: short texts compress without end. */
  readonly ratio: number;
  readonly freeBytes: number;
}

export const DEFAULT_LIMITS: UnpackLimits = {
  bytes: 20 * 1024 ** 3,
  entries: 200_000,
  depth: 64,
  ratio: 100,
  freeBytes: 64 * 1024 ** 2,
};

/** Why an archive of this size may not become so much; undefined when it may. */
export function excess(
  limits: UnpackLimits,
  archiveBytes: number,
  unpackedBytes: number,
): string | undefined {
  if (unpackedBytes > limits.bytes) return `it unpacks to more than ${limits.bytes} bytes`;
  const allowed = Math.max(limits.freeBytes, archiveBytes * limits.ratio);
  if (unpackedBytes <= allowed) return undefined;
  return `its ${archiveBytes} bytes unpack to more than ${allowed}, as only archives made to fill disks do`;
}
