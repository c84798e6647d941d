/**
 * The log of one containerised step on its way through a real server: 200 secrets are masked in all their forms, and every
 * line is stored. Megabytes per second from the start of the task to its `CompletedTime`, and what the server's memory does
 * while the log grows.
 *
 * The check reads the stored log back: each line that holds a canary must be there without it, and all other lines must have
 * the hash of what the script wrote.
 */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Secret } from '@argonaut/contracts';
import { SecretSet } from '@argonaut/runner/masking';
import { type Made, makeProject } from '../packages/server/test/running/project-under-test.ts';
import { formsOf, Noise, secretValues } from './canaries.ts';
import { heldMegabytes, print, report, row } from './report.ts';
import { ServerUnderTest } from './server-under-test.ts';

const IMAGE = 'argonaut-test/busybox:1';
const BLOCK = 1_000_000;
/** Every so many blocks hold all canaries: one in 3 kB on the average, far more than logs have. */
const DENSE_EVERY = 8;
/** Begins with what is no character of base64: forms are found across a line's end, too. */
const CANARY = '[canary] ';
const LINE =
  '2026-11-24T14:49:10.100Z [INFO] Deploying package to environment Production, layer extracted, ok in 200 ms';
/** Megabytes of log: small ones are measured in rounds, large ones once, for the memory. */
const SMALL = 64;
const LARGE = [256, 1_000];
const SAMPLE_MS = 100;

const { values: options } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '5' }, json: { type: 'boolean' } },
});
const rounds = Number(options.rounds);

const secrets = secretValues(new Noise());
/** Byte by byte as text. A line holds one form, so those with line ends are left to the masker's own tests. */
const canaries = [...new Set(secrets.flatMap(formsOf).map((form) => form.toString('latin1')))].filter(
  (form) => !/[\r\n]/.test(form),
);
const canaryLines = canaries.map((canary) => `${CANARY}${canary}`);
/** Octal escapes of printf: quotes, backslashes and zero bytes survive the shell. */
const printed = canaryLines
  .map((line) =>
    [...Buffer.from(line, 'latin1')].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join(''),
  )
  .map((line) => `printf '${line}\\n'`)
  .join('\n');
const linesBeside = Math.floor((BLOCK - canaryLines.join('\n').length) / (LINE.length + 1));
const linesAlone = Math.floor(BLOCK / (LINE.length + 1));
const isDense = (block: number): boolean => block % DENSE_EVERY === 0;
const script = (megabytes: number): string =>
  `{\n${printed}\nyes '${LINE}' | head -n ${linesBeside}\n} > /tmp/dense\n` +
  `yes '${LINE}' | head -n ${linesAlone} > /tmp/plain\n` +
  `i=0; while [ $i -lt ${megabytes} ]; do\n` +
  `if [ $((i % ${DENSE_EVERY})) -eq 0 ]; then cat /tmp/dense; else cat /tmp/plain; fi\ni=$((i + 1)); done\n`;

/** What a server holds for one attempt with these secrets, beside the log. */
const before = heldMegabytes();
const tables = new SecretSet(
  secrets.map((value, nth) => ({ name: `Secret ${nth}`, value: new Secret(value) })),
);
const maskerMegabytes = heldMegabytes() - before;

await using server = await ServerUnderTest.create();
await server.start();

/** A project whose release knows the secrets. */
async function makeLoud(megabytes: number): Promise<Made> {
  const name = `Prints ${megabytes} MB`;
  const made = await makeProject(server, [{ name: 'Loud', image: IMAGE, script: script(megabytes) }], {
    name,
  });
  const project = await server.call('GET', `/api/projects/${made.projectId}`);
  const path = `/api/variables/${project.body.VariableSetId}`;
  const set = (await server.call('GET', path)).body;
  const Variables = secrets.map((Value, index) => ({
    Name: `Secret ${index}`,
    Type: 'Sensitive',
    IsSensitive: true,
    Value,
    Scope: {},
  }));
  const put = await server.call('PUT', path, { ...set, Variables });
  if (put.status !== 200) throw new Error(`The variables were refused: ${JSON.stringify(put.body)}`);
  const release = await server.call('POST', '/api/releases/create/v1', {
    ProjectName: name,
    ReleaseVersion: '2.0.0',
  });
  if (release.status >= 300) throw new Error(`The release was refused: ${JSON.stringify(release.body)}`);
  return { ...made, releaseId: release.body.ReleaseId };
}

interface Measured {
  readonly megabytesPerSecond: number;
  readonly peakMegabytes: number;
  readonly task: string;
}

async function measure(made: Made, megabytes: number): Promise<Measured> {
  const task = await server.deploy(made);
  let peakMegabytes = 0;
  for (;;) {
    peakMegabytes = Math.max(peakMegabytes, await server.residentMegabytes());
    const { body } = await server.call('GET', `/api/tasks/${task}`);
    if (body.IsCompleted === true) {
      if (body.State !== 'Success') throw new Error(`${task}: ${body.ErrorMessage}`);
      const took = (new Date(body.CompletedTime).getTime() - new Date(body.StartTime).getTime()) / 1_000;
      return { task, peakMegabytes, megabytesPerSecond: (megabytes * BLOCK) / 1e6 / took };
    }
    await sleep(SAMPLE_MS);
  }
}

interface ReadBack {
  readonly leaked: number;
  readonly canaryLines: number;
  readonly hash: string;
}

/** Only what the script wrote, line by line, from the live stream. */
async function readBack(task: string): Promise<ReadBack> {
  const hash = createHash('sha256');
  let leaked = 0;
  let found = 0;
  let rest = '';
  const look = (line: string): void => {
    if (!line.startsWith(CANARY)) {
      hash.update(`${line}\n`, 'latin1');
      return;
    }
    found += 1;
    if (canaries.some((canary) => line.includes(canary))) leaked += 1;
  };
  await server.follow(task, ({ event, data }) => {
    if (event !== 'text' || data.source !== 'stdout') return;
    const bytes = data.text === undefined ? Buffer.from(data.base64, 'base64') : Buffer.from(data.text);
    const lines = (rest + bytes.toString('latin1')).split('\n');
    rest = lines.pop() ?? '';
    lines.forEach(look);
  });
  if (rest !== '') look(rest);
  return { leaked, canaryLines: found, hash: hash.digest('hex') };
}

const small = await makeLoud(SMALL);
const rates: number[] = [];
const peaks: number[] = [];
let last = await measure(small, SMALL);
for (let round = 0; round < rounds; round++) {
  last = await measure(small, SMALL);
  rates.push(last.megabytesPerSecond);
  peaks.push(last.peakMegabytes);
}
const seen = await readBack(last.task);
const written = createHash('sha256');
const denseBlocks = Array.from({ length: SMALL }, (_, block) => block).filter(isDense).length;
for (let block = 0; block < SMALL; block++) {
  written.update(`${LINE}\n`.repeat(isDense(block) ? linesBeside : linesAlone));
}

const large: { readonly megabytes: number; readonly measured: Measured }[] = [];
for (const megabytes of LARGE) {
  large.push({ megabytes, measured: await measure(await makeLoud(megabytes), megabytes) });
}
const largest = large.at(-1)?.measured.peakMegabytes ?? Number.NaN;

print(
  report(
    'logs',
    rounds,
    [
      // In rates p90 is what nine of ten rounds reach or pass.
      { ...rate(rates), name: `${SMALL} MB through the server, 200 secrets masked` },
      ...large.map(({ megabytes, measured }) => ({
        ...rate([measured.megabytesPerSecond]),
        name: `${megabytes} MB through the server, 200 secrets masked`,
      })),
      row(`the masker's tables, ${tables.index.count} forms`, [maskerMegabytes], 'MB', 16),
      row(`resident memory of the server at most, ${SMALL} MB`, peaks, 'MB'),
      ...large.map(({ megabytes, measured }) =>
        row(`resident memory of the server at most, ${megabytes} MB`, [measured.peakMegabytes], 'MB'),
      ),
    ],
    [
      {
        name: `${canaries.length} canaries, each ${denseBlocks} times in ${SMALL} MB, none leaked (${seen.leaked})`,
        ok: seen.leaked === 0,
      },
      {
        name: `every line with a canary is there (${seen.canaryLines})`,
        ok: seen.canaryLines === denseBlocks * canaryLines.length,
      },
      {
        name: 'all other lines have the hash of what the script wrote',
        ok: seen.hash === written.digest('hex'),
      },
      { name: "the masker's tables take at most 16 MB", ok: maskerMegabytes <= 16 },
      {
        name: 'the largest log takes no more memory than half as much again as the small one',
        ok: largest < 1.5 * Math.max(...peaks),
      },
    ],
  ),
);

function rate(samples: readonly number[]) {
  const turned = row(
    '',
    samples.map((value) => -value),
    'MB/s',
    30,
  );
  return { ...turned, p50: -turned.p50, p90: -turned.p90 };
}
