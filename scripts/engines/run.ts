/**
 * `npm run test:engines`: the contracts of engines and runner, and every script form in every kind of image, against a Docker
 * of today, with each image store, and a report to docs/measurements/engines.md. What this machine cannot have is skipped with a plain message (exit code 0).
 *
 * Words after `--` choose test files: `npm run test:engines -- engine-contract`; then no report is written.
 */
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheDirectory, ImageStore } from '../images/store.ts';
import { type EngineFacts, type EngineRun, isGood, page, resultsOf } from './report.ts';

const root = join(import.meta.dirname, '../..');
const stores = ['containerd', 'classic'];
const suites = [
  'packages/runner/test/engine-contract',
  'packages/runner/test/contract.engine.test.ts',
  'packages/runner/test/conformance.engine.test.ts',
  'packages/runner/test/acquisition.engine.test.ts',
  'packages/runner/test/builds.engine.test.ts',
  'packages/runner/test/clean-up.engine.test.ts',
  'packages/runner/test/registry-trouble.engine.test.ts',
  'packages/runner/test/engine-killed.engine.test.ts',
];
/** Of `fetch.sh`: this machine cannot have it. */
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

async function test(folder: string, store: string, files: readonly string[]): Promise<EngineRun> {
  const home = join(cacheDirectory(), 'engines');
  await mkdir(home, { recursive: true });
  const answers = await mkdtemp(join(home, 'report-'));
  try {
    const words = [script('within.sh'), answers, ...files];
    shell(script('beside.sh'), [folder, store, 'sh', ...words], 'inherit');
    const facts: EngineFacts = JSON.parse(await readFile(join(answers, 'facts.json'), 'utf8'));
    const report = JSON.parse(await readFile(join(answers, 'tests.json'), 'utf8'));
    return { store, facts, results: resultsOf(report, root) };
  } finally {
    await rm(answers, { recursive: true, force: true });
  }
}

const fetched = shell(script('fetch.sh'), [], 'pipe');
if (fetched.status === CANNOT) {
  say('skipped: see above for what this machine lacks.');
  process.exit(0);
}
if (fetched.status !== 0) process.exit(fetched.status);
// There is no way out of the engine's network: what tests would install or build is made ready here.
if (
  shell(join(root, 'scripts/machine/install.sh'), ['docker-registry', 'apache2-utils'], 'inherit').status !==
  0
)
  process.exit(1);
await ImageStore.open(say);

const chosen = process.argv.slice(2);
const runs: EngineRun[] = [];
for (const store of stores) {
  say(`the ${store} image store`);
  runs.push(await test(fetched.text.trim(), store, chosen.length > 0 ? chosen : suites));
}
for (const { facts, store, results } of runs) {
  const sum = (count: (result: (typeof results)[number]) => number) =>
    results.reduce((total, result) => total + count(result), 0);
  say(
    `Docker ${facts.version} (API ${facts.api}), ${store}: ${sum(({ passed }) => passed)} passed, ${sum(({ failed }) => failed.length)} failed, ${sum(({ skipped }) => skipped)} skipped`,
  );
}
if (chosen.length === 0) {
  const differences = await readFile(script('differences.md'), 'utf8');
  await writeFile(join(root, 'docs/measurements/engines.md'), page(runs, differences));
}
process.exit(isGood(runs) ? 0 : 1);
