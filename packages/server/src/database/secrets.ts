/**
 * Secrets at rest. Every value is sealed with AES-256-GCM under a key of its own, derived from the master key with a
 * random salt, and bound to its place (kind, id, field), so that a sealed text moved elsewhere does not open.
 */
import { createCipheriv, createDecipheriv, createHash, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { InfrastructureFailure, Invalid, Secret } from '@argonaut/contracts';
import type { Database } from './database.ts';

/** Where a sealed value lives; part of what is authenticated. */
export interface Place {
  readonly kind: string;
  readonly id: string;
  readonly field: string;
}

const FORMAT = 'v1';
const SALT_BYTES = 16;
/** NIST SP 800-38D: 96-bit nonces for GCM. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** AES-256. */
export const KEY_BYTES = 32;
const CHECK_SETTING = 'master-key-check';
const CHECK_PLACE: Place = { kind: 'settings', id: CHECK_SETTING, field: 'value' };
const CHECK_TEXT = 'argonaut';
const FINGERPRINT_SETTING = 'fingerprint-key';
const FINGERPRINT_PLACE: Place = { kind: 'settings', id: FINGERPRINT_SETTING, field: 'value' };

export class KeyRing {
  /** Names the master key without giving it away; stored with every value, for a later change of keys. */
  readonly keyId: string;
  readonly #master: Buffer;
  #fingerprintKey: Buffer;

  constructor(master: Buffer) {
    if (master.length !== KEY_BYTES) throw new Invalid(`The master key must be ${KEY_BYTES} bytes.`);
    this.#master = master;
    this.#fingerprintKey = this.#keyFor(Buffer.from('fingerprint'));
    this.keyId = createHash('sha256').update('argonaut key id').update(master).digest('hex').slice(0, 8);
  }

  seal(secret: Secret, place: Place): string {
    const salt = randomBytes(SALT_BYTES);
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.#keyFor(salt), nonce).setAAD(label(place));
    const sealed = Buffer.concat([cipher.update(secret.reveal(), 'utf8'), cipher.final()]);
    const packed = Buffer.concat([salt, nonce, cipher.getAuthTag(), sealed]);
    return `${FORMAT}.${this.keyId}.${packed.toString('base64')}`;
  }

  /** @throws InfrastructureFailure when the value was sealed elsewhere, under another key, or is damaged. */
  open(sealed: string, place: Place): Secret {
    const [format, keyId, text] = sealed.split('.');
    if (format !== FORMAT || text === undefined) throw unreadable(place, 'its format is unknown');
    if (keyId !== this.keyId) {
      throw unreadable(place, `it was sealed with the master key ${keyId}, this server has ${this.keyId}`);
    }
    const packed = Buffer.from(text, 'base64');
    const salt = packed.subarray(0, SALT_BYTES);
    const nonce = packed.subarray(SALT_BYTES, SALT_BYTES + NONCE_BYTES);
    const tag = packed.subarray(SALT_BYTES + NONCE_BYTES, SALT_BYTES + NONCE_BYTES + TAG_BYTES);
    try {
      const decipher = createDecipheriv('aes-256-gcm', this.#keyFor(salt), nonce, {
        authTagLength: TAG_BYTES,
      })
        .setAAD(label(place))
        .setAuthTag(tag);
      const body = packed.subarray(SALT_BYTES + NONCE_BYTES + TAG_BYTES);
      return new Secret(Buffer.concat([decipher.update(body), decipher.final()]).toString('utf8'));
    } catch {
      throw unreadable(place, 'it is damaged or belongs to another record');
    }
  }

  /** A keyed hash for values that are only ever compared (API keys): useless without the master key. */
  fingerprint(secret: Secret): string {
    return createHmac('sha256', this.#fingerprintKey).update(secret.reveal()).digest('hex');
  }

  /** The key of the fingerprints, sealed for another ring: hashes cannot be made anew when the master key changes. */
  fingerprintKeyFor(other: KeyRing): string {
    return other.seal(new Secret(this.#fingerprintKey.toString('base64')), FINGERPRINT_PLACE);
  }

  /** Goes on with the fingerprints of an earlier master key. */
  adoptFingerprintKey(sealed: string): void {
    this.#fingerprintKey = Buffer.from(this.open(sealed, FINGERPRINT_PLACE).reveal(), 'base64');
  }

  #keyFor(salt: Buffer): Buffer {
    return Buffer.from(hkdfSync('sha256', this.#master, salt, 'argonaut secret', KEY_BYTES));
  }
}

/**
 * Opens a known value, or seals it at the first start. A server with the wrong key does not start: it would answer
 * with secrets it cannot read, and mix two keys in one database.
 * @throws InfrastructureFailure
 */
export async function checkMasterKey(database: Database, keys: KeyRing): Promise<void> {
  await database.query
    .insertInto('settings')
    .values({ name: CHECK_SETTING, value: keys.seal(new Secret(CHECK_TEXT), CHECK_PLACE) })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .execute();
  const { value } = await database.query
    .selectFrom('settings')
    .select('value')
    .where('name', '=', CHECK_SETTING)
    .executeTakeFirstOrThrow();
  try {
    if (keys.open(value, CHECK_PLACE).reveal() === CHECK_TEXT) {
      const fingerprints = await setting(database, FINGERPRINT_SETTING);
      if (fingerprints !== undefined) keys.adoptFingerprintKey(fingerprints);
      return;
    }
  } catch (cause) {
    throw new InfrastructureFailure(
      'The master key does not open this database. Set ARGONAUT_MASTER_KEY (or put back master.key in the data directory) to the key it was made with.',
      { cause },
    );
  }
  throw new InfrastructureFailure(
    'The check of the master key gave a wrong text; the database may be damaged.',
  );
}

/** Makes a database one of another master key, as far as the keys themselves go. Call it in the transaction of the change. */
export async function changeMasterKey(database: Database, from: KeyRing, to: KeyRing): Promise<void> {
  const values = [
    { name: CHECK_SETTING, value: to.seal(new Secret(CHECK_TEXT), CHECK_PLACE) },
    { name: FINGERPRINT_SETTING, value: from.fingerprintKeyFor(to) },
  ];
  for (const row of values) {
    await database.query
      .insertInto('settings')
      .values(row)
      .onConflict((conflict) => conflict.column('name').doUpdateSet({ value: row.value }))
      .execute();
  }
}

async function setting(database: Database, name: string): Promise<string | undefined> {
  const row = await database.query
    .selectFrom('settings')
    .select('value')
    .where('name', '=', name)
    .executeTakeFirst();
  return row?.value;
}

function label(place: Place): Buffer {
  return Buffer.from(JSON.stringify([place.kind, place.id, place.field]));
}

function unreadable(place: Place, why: string): InfrastructureFailure {
  return new InfrastructureFailure(
    `The secret ${place.field} of ${place.kind} ${place.id} cannot be read: ${why}.`,
  );
}
