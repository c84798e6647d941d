/** Writes what a fault run found to `docs/measurements/`, as JSON and as a page for people. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { commit, machine } from '../bench/report.ts';
import type { Tally } from './tally.ts';

const DIRECTORY = join(import.meta.dirname, '../docs/measurements');

export interface SoakRun {
  readonly suite: string;
  /** One sentence: what was killed, and how. */
  readonly what: string;
  readonly seed: number;
  readonly began: Date;
  readonly tally: Tally;
  /** Points that no process of this run ever passed. */
  readonly neverPassed: readonly string[];
}

/** Returns the two files' names, relative to the checkout. */
export async function writeReport(run: SoakRun): Promise<readonly string[]> {
  const { suite, what, seed, began, tally, neverPassed } = run;
  const content = {
    name: `soak-${suite}`,
    what,
    machine: machine(),
    commit: commit(),
    began: began.toISOString(),
    minutes: Number(((Date.now() - began.getTime()) / 60_000).toFixed(1)),
    seed,
    kills: tally.kills,
    kinds: tally.kinds,
    tasks: tally.tasks,
    starts: tally.starts,
    streams: tally.streams,
    bytes: tally.bytes,
    hits: tally.hits,
    neverPassed,
    violations: tally.violations,
  };
  await mkdir(DIRECTORY, { recursive: true });
  await writeFile(join(DIRECTORY, `soak-${suite}.json`), `${JSON.stringify(content, null, 2)}\n`);
  await writeFile(join(DIRECTORY, `soak-${suite}.md`), page(content));
  return [`docs/measurements/soak-${suite}.json`, `docs/measurements/soak-${suite}.md`];
}

function page(
  content: {
    readonly [name in 'name' | 'what' | 'machine' | 'commit' | 'began']: string;
  } & {
    readonly [name in 'minutes' | 'seed' | 'kills' | 'tasks' | 'starts' | 'streams' | 'bytes']: number;
  } & {
    readonly kinds: Readonly<Record<string, number>>;
    readonly hits: Readonly<Record<string, number>>;
    readonly neverPassed: readonly string[];
    readonly violations: Tally['violations'];
  },
): string {
  const { kinds, hits, violations } = content;
  const ofKinds = Object.entries(kinds).map(([kind, count]) => `${count} × ${kind}`);
  return `# ${content.name}

${content.what}

| | |
|---|---|
| commit | ${content.commit} |
| machine | ${content.machine} |
| began | ${content.began}, ${content.minutes} minutes |
| seed | ${content.seed} |
| kills | ${content.kills} (${ofKinds.join(', ')}) |
| tasks led to their end | ${content.tasks} |
| starts, counted by the scripts | ${content.starts} |
| streams compared by SHA-256 | ${content.streams} (${content.bytes} bytes) |
| violations | ${violations.length} |

Checked for each task: no attempt was started twice (counted outside the product), the steps that had to run did, stored
streams equal what the scripts wrote, exit codes and the result are the true ones, the task ended, and 30 s later no
container, sandbox, process or directory of it was left.

| where the kill hit | times |
|---|---|
${Object.entries(hits)
  .map(([where, count]) => `| ${where} | ${count} |`)
  .join('\n')}

"at" is a named crash point; "after" is the last one that had been passed at a random moment.
${content.neverPassed.length === 0 ? '' : `\nNot passed by any process of this run: ${content.neverPassed.join(', ')}.\n`}${violations.map(({ seed, history, what }) => `\n- case ${seed}, ${history.join(', ')}: ${what}`).join('')}${violations.length === 0 ? '' : '\n'}`;
}
