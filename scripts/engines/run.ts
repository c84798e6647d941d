/**
 * `npm run test:engines`: all that is promised of containers on any engine, against the Dockers of today, with each image store,
 * and a report to docs/measurements/engines.md. What this machine cannot have is skipped with a plain message (exit code 0).
 *
 * Words after `--` choose test files: `npm run test:engines -- engine-contract`; then no report is written.
 * ARGONAUT_ENGINES=debian (or moby) runs one engine only; then no report either.
 */
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { commit, machine } from '../../bench/report.ts';
import { cacheDirectory, ImageStore } from '../images/store.ts';
import { type EngineFacts, type EngineRun, isGood, page, resultsOf } from './report.ts';

const root = join(import.meta.dirname, '../..');
/** Each is brought into a folder by a script of this room. */
const engines = [
  { name: 'debian', what: 'the Docker of Debian unstable', script: 'fetch.sh' },
  { name: 'moby', what: 'Docker 29 from its Go module', script: 'build.sh' },
];
const stores = ['containerd', 'classic'];
const tests = 'packages/runner/test';
/** About our own process, and long; a disk that is mounted here, which an engine in a mount namespace of its own does not see. */
const ours = new Set(['crash.engine.test.ts', 'full-disk.engine.test.ts']);
/** What the runner promises of an engine; a new file is run on every engine. */
const suites = (await readdir(join(root, tests), { recursive: true }))
  .filter((file) => file.endsWith('.engine.test.ts') && !ours.has(file))
  .map((file) => join(tests, file))
  .sort();
/** Of those scripts: this machine cannot have it. */
const CANNOT = 3;

const say = (line: string) => console.error(`engines: ${line}`);
const script = (name: string) => join(import.meta.dirname, name);

function shell(
  file: string,
  args: readonly string[],
  output: 'pipe' | 'inherit',
): { status: number; text: string } {
  const { status, stdout } = spawnSync('sh', [file, ...args], {
    cwd: root,
    stdio: ['ignore', output, 'inherit'],
    encoding: 'utf8',
  });
  return { status: status ?? 1, text: stdout ?? '' };
}

/** Undefined when the engine did not come up, or the tests could not begin. */
async function test(folder: string, store: string, files: readonly string[]): Promise<EngineRun | undefined> {
  const home = join(cacheDirectory(), 'engines');
  await mkdir(home, { recursive: true });
  const answers = await mkdtemp(join(home, 'report-'));
  try {
    const words = [script('within.sh'), answers, ...files];
    shell(script('beside.sh'), [folder, store, 'sh', ...words], 'inherit');
    const read = async (name: string) => JSON.parse(await readFile(join(answers, name), 'utf8'));
    const facts: EngineFacts = await read('facts.json');
    return { store, facts, results: resultsOf(await read('tests.json'), root) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return undefined;
  } finally {
    await rm(answers, { recursive: true, force: true });
  }
}

/** Brings an engine; its folder, or undefined when this machine cannot have it. */
function bring(file: string): string | undefined {
  const { status, text } = shell(script(file), [], 'pipe');
  if (status === CANNOT) return undefined;
  if (status !== 0) process.exit(status);
  return text.trim();
}

const names = engines.map(({ name }) => name);
const only = process.env.ARGONAUT_ENGINES?.split(',') ?? names;
const unknown = only.filter((name) => !names.includes(name));
if (unknown.length > 0) {
  say(`ARGONAUT_ENGINES names ${unknown.join(', ')}; there are ${names.join(', ')}.`);
  process.exit(1);
}
const chosen = process.argv.slice(2);
const began = new Date();
const runs: EngineRun[] = [];
const skipped: string[] = [];
let ready = false;
for (const engine of engines.filter(({ name }) => only.includes(name))) {
  const folder = bring(engine.script);
  if (folder === undefined) {
    say(`${engine.what} is skipped: see above for what this machine lacks.`);
    skipped.push(engine.what);
    continue;
  }
  // There is no way out of the engine's network: what tests would install or build is made ready here.
  if (!ready) {
    const packages = ['docker-registry', 'apache2-utils'];
    const { status } = shell(join(root, 'scripts/machine/install.sh'), packages, 'inherit');
    if (status !== 0) process.exit(1);
    await ImageStore.open(say);
    ready = true;
  }
  for (const store of stores) {
    say(`${engine.what}, the ${store} image store`);
    const run = await test(folder, store, chosen.length > 0 ? chosen : suites);
    if (run === undefined) {
      say(`no test was run on ${engine.what} with the ${store} image store: see above for why.`);
      process.exit(1);
    }
    runs.push(run);
  }
}
for (const { facts, store, results } of runs) {
  const sum = (count: (result: (typeof results)[number]) => number) =>
    results.reduce((total, result) => total + count(result), 0);
  say(
    `Docker ${facts.version} (API ${facts.api}), ${store}: ${sum(({ passed }) => passed)} passed, ${sum(({ failed }) => failed.length)} failed, ${sum(({ skipped }) => skipped)} skipped`,
  );
}
// Nothing to be had is no failure, and nothing to report.
if (runs.length === 0) process.exit(0);
if (chosen.length === 0 && names.every((name) => only.includes(name))) {
  const about = {
    commit: commit(),
    machine: machine(),
    began,
    minutes: (Date.now() - began.getTime()) / 60_000,
  };
  const differences = await readFile(script('differences.md'), 'utf8');
  await writeFile(join(root, 'docs/measurements/engines.md'), page({ ...about, skipped, runs }, differences));
}
process.exit(isGood(runs) ? 0 : 1);
