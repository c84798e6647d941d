/** FLOWS.md is a map: a map that names streets that do not exist is worse than none. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const packages = join(import.meta.dirname, '../..');
const text = readFileSync(join(import.meta.dirname, '../FLOWS.md'), 'utf8');
const files = [...text.matchAll(/`([\w./-]+\/[\w.-]+\.(?:ts|c))`/g)].map((match) => match[1] ?? '');

test('every flow is walked', () => {
  const flows = [...text.matchAll(/^## (.*)$/gm)].map((match) => match[1]);
  expect(flows).toEqual([
    'Deploy',
    'Deployments that nobody asks for',
    'Log',
    'Cancel',
    'Hold and terminal',
    'Restart',
    'Image',
    'Package',
    'Services beside a step',
    'What a pool allows',
  ]);
  expect(files.length).toBeGreaterThan(30);
});

test.each([...new Set(files)])('%s exists', (file) => {
  expect(existsSync(join(packages, file))).toBe(true);
});
