/** The store: documents, secrets and transactions on SQLite or PostgreSQL. */
export { Database, memoryDatabase, openDatabase } from './database.ts';
export { Collection, type Found, type Kind, numberOf, type Query, type Stored } from './documents.ts';
export { checkMasterKey, KeyRing, loadKeyRing, type Place } from './secrets.ts';
export { openSensitive, type Sealed, sealSensitive, showSensitive } from './sensitive.ts';
export { slugOf } from './slug.ts';
