/** The store: documents, secrets, transactions and coordination on SQLite or PostgreSQL. */
export {
  type Coordination,
  type Lease,
  LeaseLost,
  openCoordination,
  type QueuedTask,
} from './coordination/index.ts';
export { Database, memoryDatabase, openDatabase } from './database.ts';
export { Collection } from './documents.ts';
export { type Found, type Kind, numberOf, type Query, type Stored } from './kind.ts';
export {
  adoptNextKey,
  decodeKey,
  type KeySource,
  loadKeyRing,
  openKeyRing,
  writeNextKey,
} from './master-key.ts';
export { OF_TASKS, WITH_IMAGES } from './schema.ts';
export {
  changeMasterKey,
  checkMasterKey,
  KeyRing,
  type Place,
} from './secrets.ts';
export {
  openSensitive,
  partFields,
  type Sealed,
  type SealedFields,
  sealSensitive,
  showFields,
  showSensitive,
} from './sensitive.ts';
export { slugOf } from './slug.ts';
