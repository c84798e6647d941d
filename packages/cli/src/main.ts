/** Entry point of the `argonaut` command; bin/argonaut.js has checked that this Node can run it. */
import { createProgram } from './program.ts';

await (await createProgram(process.argv)).parseAsync(process.argv);
// A run that was left going still has timers and sockets here; its own life is elsewhere.
process.exit();
