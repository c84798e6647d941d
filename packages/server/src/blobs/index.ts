/** Bytes that do not belong into a database: logs, packages, artifacts. */
export { type BlobStore, DirectoryBlobStore } from './directory.ts';
