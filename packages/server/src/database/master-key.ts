/**
 * Where the master key comes from: ARGONAUT_MASTER_KEY, or a file in the data directory that only the server's user can
 * read. A change of the key writes the next one beside it before the database changes, and renames it afterwards; a
 * start after a crash in between finds out which of the two the database has.
 */
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Invalid, Secret } from '@argonaut/contracts';
import type { Database } from './database.ts';
import { checkMasterKey, KEY_BYTES, KeyRing } from './secrets.ts';

const KEY_FILE = 'master.key';
const NEXT_KEY_FILE = 'master.key.next';

export interface KeySource {
  readonly dataDirectory: string;
  /** Wins over the file. */
  readonly masterKey?: Secret;
}

/** The key ring of this database, checked. @throws InfrastructureFailure when the key does not open it. */
export async function openKeyRing(database: Database, source: KeySource): Promise<KeyRing> {
  const keys = loadKeyRing(source);
  const next = join(source.dataDirectory, NEXT_KEY_FILE);
  if (source.masterKey || !existsSync(next)) {
    await checkMasterKey(database, keys);
    return keys;
  }
  const changed = new KeyRing(decodeKey(readFileSync(next, 'utf8'), next));
  try {
    await checkMasterKey(database, changed);
  } catch {
    // The change was never committed: the key in use is the old one.
    await checkMasterKey(database, keys);
    rmSync(next);
    return keys;
  }
  adoptNextKey(source.dataDirectory);
  return changed;
}

/** The master key: from the settings, else from the key file, which is made (0600) when there is none. */
export function loadKeyRing(options: KeySource): KeyRing {
  if (options.masterKey) return new KeyRing(decodeKey(options.masterKey.reveal(), 'ARGONAUT_MASTER_KEY'));
  const file = join(options.dataDirectory, KEY_FILE);
  if (!existsSync(file)) {
    mkdirSync(options.dataDirectory, { recursive: true, mode: 0o700 });
    writeKey(file, randomBytes(KEY_BYTES));
  }
  chmodSync(file, 0o600);
  return new KeyRing(decodeKey(readFileSync(file, 'utf8'), file));
}

/** 32 bytes as base64 or hex. @throws Invalid naming where they came from. */
export function decodeKey(text: string, source: string): Buffer {
  const trimmed = text.trim();
  const key = /^[0-9a-fA-F]{64}$/.test(trimmed)
    ? Buffer.from(trimmed, 'hex')
    : Buffer.from(trimmed, 'base64');
  if (key.length !== KEY_BYTES) {
    throw new Invalid(
      `${source} must hold ${KEY_BYTES} bytes as base64 or hex, for example from "openssl rand -base64 32".`,
    );
  }
  return key;
}

/** Writes the next key to its file, durably. Nothing uses it before `adoptNextKey`. */
export function writeNextKey(dataDirectory: string, key: Secret | undefined): Secret {
  const bytes = key ? decodeKey(key.reveal(), 'The new master key') : randomBytes(KEY_BYTES);
  const file = join(dataDirectory, NEXT_KEY_FILE);
  rmSync(file, { force: true });
  writeKey(file, bytes);
  return new Secret(bytes.toString('base64'));
}

/** The next key becomes the key. */
export function adoptNextKey(dataDirectory: string): void {
  renameSync(join(dataDirectory, NEXT_KEY_FILE), join(dataDirectory, KEY_FILE));
  syncDirectory(dataDirectory);
}

function writeKey(file: string, key: Buffer): void {
  writeFileSync(file, `${key.toString('base64')}\n`, { mode: 0o600, flag: 'wx', flush: true });
  syncDirectory(join(file, '..'));
}

/** A new name is durable only with its directory. */
function syncDirectory(directory: string): void {
  const handle = openSync(directory, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
