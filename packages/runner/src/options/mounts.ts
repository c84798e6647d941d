/** `--volume`, `--mount` and `--tmpfs`: what appears in the container's file system. */
import { posix } from 'node:path';
import { Invalid } from '@argonaut/contracts';
import { plainPath } from './paths.ts';
import { booleanOf } from './values.ts';

export type MountOption =
  | {
      readonly flag: string;
      readonly kind: 'bind';
      readonly source: string;
      readonly target: string;
      readonly readOnly: boolean;
    }
  /** Without a source: a volume of this container alone. */
  | {
      readonly flag: string;
      readonly kind: 'volume';
      readonly source?: string;
      readonly target: string;
      readonly readOnly: boolean;
    }
  | { readonly flag: string; readonly kind: 'tmpfs'; readonly target: string; readonly options: string };

/** Meant for other systems, or the default; they change nothing here. */
const idleModes = new Set(['', 'rw', 'nocopy', 'cached', 'delegated', 'consistent', 'private', 'rprivate']);
const volumeName = /^[A-Za-z0-9][A-Za-z0-9_.-]*$/;

export interface MountReading {
  /** What relative sources are seen from; absent: they are an error. */
  readonly base?: string;
}

/** `[source:]target[:modes]`. */
export function volumeOption(flag: string, value: string, reading: MountReading): MountOption {
  const written = `${flag} ${value}`;
  const parts = value.split(':');
  if (parts.length > 3 || parts.some((part) => part === ''))
    throw new Invalid(`${written}: expected [source:]target[:ro].`);
  if (parts.length === 1)
    return { flag: written, kind: 'volume', target: targetOf(written, value), readOnly: false };
  const [source = '', target = '', modes = ''] = parts;
  let readOnly = false;
  for (const mode of modes.split(',')) {
    if (mode === 'ro' || mode === 'readonly') readOnly = true;
    else if (!idleModes.has(mode)) {
      throw new Invalid(`${written}: the mode "${mode}" is not supported; only ro and rw are.`);
    }
  }
  return sourced(written, source, targetOf(written, target), readOnly, reading);
}

/** `type=…,source=…,target=…[,readonly]`. */
export function mountOption(flag: string, value: string, reading: MountReading): MountOption {
  const written = `${flag} ${value}`;
  const given = new Map<string, string>();
  for (const pair of value.split(',')) {
    const at = pair.indexOf('=');
    const name = (at < 0 ? pair : pair.slice(0, at)).trim().toLowerCase();
    const known = mountFields[name];
    // Drivers and their options can bind any directory of the worker, and propagation reaches its mounts.
    if (known === undefined) throw new Invalid(`${written}: "${name}" is not supported in a mount.`);
    if (given.has(known)) throw new Invalid(`${written}: ${known} is given twice.`);
    given.set(known, at < 0 ? 'true' : pair.slice(at + 1));
  }
  const type = given.get('type') ?? 'volume';
  const target = targetOf(written, given.get('target') ?? '');
  const readOnly = booleanOf(written, given.get('readonly') ?? 'false');
  const source = given.get('source');
  if (type === 'tmpfs') {
    const size = given.get('tmpfs-size');
    const mode = given.get('tmpfs-mode');
    const options = [size && `size=${size}`, mode && `mode=${mode}`, readOnly && 'ro']
      .filter(Boolean)
      .join(',');
    return tmpfs(written, target, options);
  }
  if (type === 'volume') {
    if (source === undefined) return { flag: written, kind: 'volume', target, readOnly };
    if (!volumeName.test(source)) throw new Invalid(`${written}: "${source}" is not the name of a volume.`);
    return { flag: written, kind: 'volume', source, target, readOnly };
  }
  if (type !== 'bind')
    throw new Invalid(`${written}: the type "${type}" is not supported; bind, volume and tmpfs are.`);
  if (source === undefined) throw new Invalid(`${written}: a bind needs a source.`);
  return { flag: written, kind: 'bind', source: sourceOf(written, source, reading), target, readOnly };
}

const mountFields: Readonly<Record<string, string>> = {
  type: 'type',
  source: 'source',
  src: 'source',
  target: 'target',
  destination: 'target',
  dst: 'target',
  readonly: 'readonly',
  ro: 'readonly',
  'tmpfs-size': 'tmpfs-size',
  'tmpfs-mode': 'tmpfs-mode',
};

/** `target[:options]`. */
export function tmpfsOption(flag: string, value: string): MountOption {
  const at = value.indexOf(':');
  const written = `${flag} ${value}`;
  const target = targetOf(written, at < 0 ? value : value.slice(0, at));
  return tmpfs(written, target, at < 0 ? '' : value.slice(at + 1));
}

const tmpfsWord = /^(rw|ro|exec|noexec|suid|nosuid|dev|nodev|(size|mode|uid|gid|nr_inodes)=[0-9]+[kmg]?%?)$/i;

function tmpfs(written: string, target: string, options: string): MountOption {
  for (const word of options === '' ? [] : options.split(',')) {
    if (!tmpfsWord.test(word)) throw new Invalid(`${written}: "${word}" is not an option of a tmpfs.`);
  }
  return { flag: written, kind: 'tmpfs', target, options };
}

function sourced(
  flag: string,
  source: string,
  target: string,
  readOnly: boolean,
  reading: MountReading,
): MountOption {
  if (volumeName.test(source)) return { flag, kind: 'volume', source, target, readOnly };
  return { flag, kind: 'bind', source: sourceOf(flag, source, reading), target, readOnly };
}

function sourceOf(flag: string, source: string, { base }: MountReading): string {
  if (source.includes('\0')) throw new Invalid(`${flag}: a path holds no NUL.`);
  if (source.startsWith('/')) return plainPath(source);
  if (base === undefined) {
    throw new Invalid(`${flag}: "${source}" must be an absolute path of the worker or the name of a volume.`);
  }
  return plainPath(posix.resolve(base, source));
}

function targetOf(flag: string, target: string): string {
  if (!target.startsWith('/') || target.includes('\0'))
    throw new Invalid(`${flag}: the target must be an absolute path in the container.`);
  return posix
    .normalize(target)
    .replace(/(.)\/+$/, '$1')
    .replace(/^\/\//, '/');
}
