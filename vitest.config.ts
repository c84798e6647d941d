import { defineConfig } from 'vitest/config';

/**
 * Two tiers. `unit` needs nothing but Node. `engine` needs what `scripts/machine/prepare.sh` makes ready
 * (a Docker engine, registries, sshd, PostgreSQL) and runs one file at a time, so that tests never compete
 * for the engine. Files of the second tier are named `*.engine.test.ts`.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['packages/*/{src,test}/**/*.test.ts', 'scripts/**/*.test.ts', 'test/**/*.test.ts'],
          exclude: ['**/*.engine.test.ts', '**/node_modules/**'],
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'engine',
          include: ['packages/*/{src,test}/**/*.engine.test.ts', 'test/**/*.engine.test.ts'],
          globalSetup: ['test/setup.ts'],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
