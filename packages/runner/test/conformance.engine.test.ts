/**
 * Every script form in every kind of image, from a real registry on a real engine. The rows are `conformance/kinds.ts`, the columns
 * `conformance/forms.ts`; each cell either runs (exit code, both streams, output variable, artifact, HOME and the step's directory
 * writable by its user) or is refused before anything runs, by an error that says what to do.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import type { AcquiredImage } from '@argonaut/contracts/attempt';
import { afterAll, beforeAll, describe, type ExpectStatic, expect, test } from 'vitest';
import type { TestImage } from '../../../scripts/images/catalogue.ts';
import { registry } from '../../../test/services.ts';
import {
  argumentsReplaced,
  commandReplaced,
  EXIT_CODE,
  expectedFacts,
  type Form,
  ownProgram,
  scriptForms,
} from './conformance/forms.ts';
import { type Kind, kinds } from './conformance/kinds.ts';
import { Bench, late, patience } from './contract/bench.ts';
import { localPorts } from './contract/local-ports.ts';

let bench: Bench;
let host: string;
beforeAll(async () => {
  bench = await Bench.open(localPorts);
  ({ host } = await registry());
});
afterAll(async () => {
  await bench.runner.settled();
  // Neither what ran nor what was refused leaves anything.
  expect(await bench.attemptContainers()).toEqual([]);
  expect(bench.problems).toEqual([]);
  await bench.close();
});

const referenceOf = (image: TestImage): string => `${host}/argonaut-test/${image}:1`;

function acquire(image: TestImage): Promise<AcquiredImage> {
  const request = { reference: referenceOf(image), policy: 'always' } as const;
  return bench.runner.acquire(request, () => {}, patience());
}

async function stage(kind: Kind, form: Form): Promise<string> {
  const { attempt } = await bench.stage({
    ...(await bench.spec()),
    attempt: `c-${kind.image}-${randomBytes(4).toString('hex')}`,
    interpreters: form.interpreters,
    place: {
      kind: 'container',
      image: await acquire(kind.image),
      network: 'none',
      ...kind.place,
      ...(form.entrypoint === undefined ? {} : { entrypoint: form.entrypoint }),
    },
  });
  return attempt;
}

async function run(kind: Kind, form: Form) {
  const attempt = await stage(kind, form);
  await bench.runner.open(attempt, 1, late('', { late: form.late }), () => {}, patience());
  const told = await bench.told(attempt);
  const artifacts = new Map<string, string>();
  for (const { name, path } of told.chunks.flatMap((chunk) => chunk.artifacts)) {
    const parts: Uint8Array[] = [];
    for await (const part of bench.runner.read(attempt, path, patience())) parts.push(part);
    artifacts.set(name, Buffer.concat(parts).toString());
  }
  await bench.finish(attempt);
  return { ...told, artifacts };
}

/** A cell that runs everything there is. */
async function tellsAll(expect: ExpectStatic, kind: Kind, form: Form): Promise<void> {
  const { stdout, stderr, chunks, confirmed, artifacts } = await run(kind, form);
  expect(stderr.toString()).toBe('to stderr\n');
  expect(stdout.toString()).toBe(expectedFacts(kind, form));
  expect(confirmed).toMatchObject({ result: 'Failed', cause: 'exited', exitCode: EXIT_CODE });
  expect(confirmed.infrastructure).toBe(false);
  expect(chunks.flatMap(({ outputs }) => outputs)).toEqual([
    { name: 'Answer', value: '42', sensitive: false },
  ]);
  expect([...artifacts]).toEqual([['report.txt', 'report\n']]);
}

async function prints(expect: ExpectStatic, kind: Kind, form: Form, text: RegExp | string): Promise<void> {
  const { stdout, stderr, confirmed } = await run(kind, form);
  expect(stderr.toString()).toBe('');
  if (typeof text === 'string') expect(stdout.toString()).toBe(text);
  else expect(stdout.toString()).toMatch(text);
  expect(confirmed).toMatchObject({ result: 'Succeeded', exitCode: 0 });
}

/** Names the image, everything that was looked for, what is there, and the way out. */
async function isRefused(expect: ExpectStatic, kind: Kind, form: Form): Promise<void> {
  const failure = await stage(kind, form).catch((error: unknown) => error);
  expect(failure).toMatchObject({ kind: 'Invalid' });
  const message = (failure as Error).message;
  expect(message).toContain(`Image ${referenceOf(kind.image)} has no ${form.interpreters.join(' or ')};`);
  expect(message).toMatch(kind.instead);
  const runsInSh = form.syntax === 'Bash' && kind.has.includes('Sh');
  expect(message).toContain(runsInSh ? 'Set the script syntax to Sh' : 'the step type "Run a container"');
}

describe.concurrent('every script form in every kind of image', () => {
  describe.each(kinds)('$image ($about)', (kind) => {
    for (const form of scriptForms) {
      if (kind.has.includes(form.syntax)) {
        test(form.name, ({ expect }) => tellsAll(expect, kind, form));
      } else {
        test(`${form.name}: refused, and why`, ({ expect }) => isRefused(expect, kind, form));
      }
    }

    const { own } = kind;
    if (own === undefined) {
      test('its own program: there is none, and the error names the setting', async ({ expect }) => {
        const attempt = await stage(kind, ownProgram);
        const opening = bench.runner.open(
          attempt,
          1,
          late('', { late: ownProgram.late }),
          () => {},
          patience(),
        );
        await expect(opening).rejects.toThrow(
          /has neither ENTRYPOINT nor CMD.*Argonaut\.Action\.Container\.Command/,
        );
        await bench.runner.discard(attempt, 1, patience());
      });
    } else test(ownProgram.name, ({ expect }) => prints(expect, kind, ownProgram, own));

    const { given } = kind;
    test('CMD replaced', ({ expect }) => prints(expect, kind, argumentsReplaced(kind), given.prints));
    test('ENTRYPOINT replaced', ({ expect }) => tellsAll(expect, kind, commandReplaced(kind)));
  });

  test('an image for another architecture: refused before anything is created, for every form', async ({
    expect,
  }) => {
    const failure = await acquire('foreign').catch((error: unknown) => error);
    expect(failure).toMatchObject({ kind: 'Invalid' });
    expect(String(failure)).toContain(referenceOf('foreign'));
    expect(String(failure)).toMatch(/is for linux\/.*; the worker runs linux\//);
  });
});

test.each([
  ['user', 'ghost', '/etc/passwd'],
  ['group', '0:ghosts', '/etc/group'],
] as const)('a %s that the image does not have (%s): refused once, and why', async (what, user, file) => {
  const kind = kinds.find(({ image }) => image === 'busybox');
  if (kind === undefined) throw new Error('no such kind');
  const failure = await stage({ ...kind, place: { user } }, ownProgram).catch((error: unknown) => error);
  // Not the engine's trouble, which would be tried again.
  expect(failure).toMatchObject({ kind: 'Invalid' });
  const name = user.split(':').at(-1);
  expect(String(failure)).toContain(
    `is to run as ${what} "${name}", and ${file} of the image ${referenceOf('busybox')} has no such ${what}. Name one`,
  );
});

test.each([
  [
    'a user number that no system has',
    { user: '99999999999' },
    /is to run as user "99999999999": .*smaller number/,
  ],
  [
    'a host without an address',
    { network: 'own', extraHosts: ['x'] },
    /engine makes no container as "a step" asks for it: .*Correct/,
  ],
  [
    'a DNS server that is no address',
    { network: 'own', dns: ['ns.test'] },
    /DNS server "ns\.test" of "a step" is not an IP/,
  ],
] as const)('%s: refused once, and what to correct', async (_what, place, message) => {
  const kind = kinds.find(({ image }) => image === 'busybox');
  if (kind === undefined) throw new Error('no such kind');
  const failure = await stage({ ...kind, place: place as NonNullable<Kind['place']> }, ownProgram).catch(
    (error: unknown) => error,
  );
  expect(failure).toMatchObject({ kind: 'Invalid' });
  expect(String(failure)).toMatch(message);
});

test('a volume of the image goes with the step', async () => {
  const docker = async (...words: string[]): Promise<string> =>
    (await promisify(execFile)('docker', words, { timeout: 60_000 })).stdout.trim();
  const kind = kinds.find(({ image }) => image === 'volume');
  if (kind === undefined) throw new Error('no such kind');
  const attempt = await stage(kind, ownProgram);
  const volume = await docker(
    ...['inspect', '--format', '{{range .Mounts}}{{if eq .Type "volume"}}{{.Name}}{{end}}{{end}}'],
    `argonaut-${attempt}`,
  );
  expect(await docker('volume', 'ls', '--quiet', '--filter', `name=${volume}`)).toBe(volume);
  await bench.runner.discard(attempt, 1, patience());
  await bench.runner.settled();
  expect(await docker('volume', 'ls', '--quiet', '--filter', `name=${volume}`)).toBe('');
});
