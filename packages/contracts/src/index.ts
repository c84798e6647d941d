/** Words that every package shares: errors with a kind, and secrets that cannot be printed by accident. */
export * from './errors.ts';
export * from './secret.ts';
