/**
 * `npm run bench -- <name> [--json]`: runs one benchmark of this folder. Each is a program of its own; this only finds it
 * by name, so that a wrong name says what there is.
 */
import { readdirSync } from 'node:fs';

/** Files of this folder that are no benchmark. */
const SHARED = new Set([
  ...['run', 'report', 'server-under-test', 'docker', 'exit-watch', 'canaries', 'gitlab-ci-local'],
]);

const names = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.slice(0, -3))
  .filter((name) => !SHARED.has(name));
const name = process.argv[2];
if (name !== undefined && names.includes(name)) {
  await import(`./${name}.ts`);
} else {
  console.error(`${name === undefined ? 'Which benchmark?' : `There is no benchmark "${name}".`}`);
  console.error(`npm run bench -- <name> [--json], where <name> is one of: ${names.join(', ')}`);
  process.exitCode = 2;
}
