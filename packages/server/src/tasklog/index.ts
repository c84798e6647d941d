/** A task's log: the format it is stored in, and what is made of it (tree, text, hashes, resumable reading). */
export * from './activity-tree.ts';
export * from './errors.ts';
export * from './frames.ts';
export * from './lines.ts';
export * from './log-file.ts';
export * from './raw-text.ts';
export * from './reader.ts';
export * from './stream-hash.ts';
