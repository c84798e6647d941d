/** Entry point of the `argonaut` command; bin/argonaut.js has checked that this Node can run it. */
import { flushed } from './display/standard-output.ts';
import { createProgram } from './program.ts';

await (await createProgram(process.argv)).parseAsync(process.argv);
await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
// A run that was left going still has timers and sockets here; its own life is elsewhere.
process.exit();
