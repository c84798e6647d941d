/** Where `argonaut run` keeps the files that scripts declare. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fileArtifacts } from '../src/run/file-artifacts.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp('/tmp/argonaut-artifacts-');
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const declared = (id: string, name: string) =>
  ({ id, attempt: 'a', name, path: '/work/x', status: 'declared' }) as const;

async function* content(text: string, failure?: Error): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
  if (failure) throw failure;
}

test('each lies in a directory of its own, under its plain name', async () => {
  const artifacts = fileArtifacts(directory);
  await artifacts.put('t', declared('a-1', '../../report.txt'), content('one'));
  await artifacts.put('t', declared('a-2', 'report.txt'), content('two'));
  expect(await readFile(`${directory}/a-1/report.txt`, 'utf8')).toBe('one');
  expect(await readFile(`${directory}/a-2/report.txt`, 'utf8')).toBe('two');
});

test('of one that could not be collected nothing is left', async () => {
  const artifacts = fileArtifacts(directory);
  const putting = artifacts.put('t', declared('a-1', 'report.txt'), content('half', new Error('gone')));
  await expect(putting).rejects.toThrow('gone');
  expect(await readdir(directory)).toEqual([]);
});
