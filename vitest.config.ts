import { defineConfig } from 'vitest/config';

/**
 * Two tiers. `unit` needs nothing but Node. `engine` needs what `scripts/machine/prepare.sh` makes ready
 * (a Docker engine, registries, sshd, PostgreSQL) and runs one file at a time, so that tests never compete
 * for the engine. Files of the second tier are named `*.engine.test.ts`.
 */

/**
 * Files of the second tier that wait for most of their time (for a server to come back, a registry to be given up, a
 * connection to be found dead) and touch nothing on the engine but their own: `npm test` runs two of them at a time, beside
 * the others.
 */
const waiting = [
  'packages/cli/test/run-killed.engine.test.ts',
  'packages/runner/test/crash.engine.test.ts',
  'packages/server/test/bad-input/{machine,scripts}.engine.test.ts',
  'packages/server/test/running/{crash,hold-crash,images-on-worker}.engine.test.ts',
  'packages/ssh/test/faults.engine.test.ts',
];

/** Deadlines, so that nothing hangs for ever; far beyond what a test takes, since a machine may be busy with other work. */
const deadlines = (ms: number) => ({
  testTimeout: ms,
  hookTimeout: ms,
  expect: { poll: { timeout: ms / 4 } },
});

const onTheEngine = { globalSetup: ['test/setup.ts'], fileParallelism: false, ...deadlines(300_000) };

export default defineConfig({
  test: {
    // All of the machine's processors; by default one would be left idle. Files that need the engine run one by one.
    maxWorkers: '100%',
    projects: [
      {
        test: {
          name: 'unit',
          // A worker reads the modules once for all of its files: 168 s instead of 280 s. No test leaves anything behind in them.
          isolate: false,
          include: ['packages/*/{src,test}/**/*.test.ts', 'scripts/**/*.test.ts', 'test/**/*.test.ts'],
          exclude: ['**/*.engine.test.ts', '**/node_modules/**'],
          ...deadlines(120_000),
        },
      },
      {
        test: {
          ...onTheEngine,
          name: 'engine',
          include: ['packages/*/{src,test}/**/*.engine.test.ts', 'test/**/*.engine.test.ts'],
          exclude: [...waiting, '**/node_modules/**'],
        },
      },
      { test: { ...onTheEngine, name: 'engine-waiting', fileParallelism: true, include: waiting } },
    ],
  },
});
