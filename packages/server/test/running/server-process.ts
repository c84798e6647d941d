/** A server as a process of its own, for tests that kill it. Its settings come from the environment. */
import { readConfig, startServer } from '../../src/index.ts';

const server = await startServer(readConfig(process.env));
process.stdout.write(`${server.address}\n`);
process.on('SIGTERM', () => {
  server.stop().then(
    () => process.exit(0),
    (error: unknown) => {
      process.stderr.write(`${String(error)}\n`);
      process.exit(1);
    },
  );
});
