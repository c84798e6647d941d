/**
 * `argonaut rotate-master-key`: a new master key for a server that is stopped. On SQLite the database's lock proves that it
 * is; on PostgreSQL whoever calls it has to see to it.
 */
import { Invalid, type Secret } from '@argonaut/contracts';
import type { ServerConfig } from './config.ts';
import { adoptNextKey, openDatabase, openKeyRing, writeNextKey } from './database/index.ts';
import { rotateMasterKey } from './rotation.ts';

export interface NewMasterKey {
  readonly resealed: number;
  /** True: the key file in the data directory holds the new key. False: ARGONAUT_MASTER_KEY must be set to it. */
  readonly inKeyFile: boolean;
}

/**
 * @param newKey absent: one is made, which only a server with a key file can do
 * @throws Conflict while a server runs on the database (SQLite); Invalid and InfrastructureFailure as `rotateMasterKey`
 */
export async function giveNewMasterKey(config: ServerConfig, newKey?: Secret): Promise<NewMasterKey> {
  if (config.masterKey && !newKey) {
    throw new Invalid(
      'The master key comes from ARGONAUT_MASTER_KEY, so the new one must be given too: set ARGONAUT_NEW_MASTER_KEY, run this again, then start the server with ARGONAUT_MASTER_KEY set to it.',
    );
  }
  const database = await openDatabase(config);
  try {
    const keys = await openKeyRing(database, config);
    const now = () => new Date();
    if (config.masterKey && newKey) {
      const { resealed } = await rotateMasterKey({ database, keys, now }, newKey);
      return { resealed, inKeyFile: false };
    }
    const next = writeNextKey(config.dataDirectory, newKey);
    const { resealed } = await rotateMasterKey({ database, keys, now }, next);
    adoptNextKey(config.dataDirectory);
    return { resealed, inKeyFile: true };
  } finally {
    await database.close();
  }
}
