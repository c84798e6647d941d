import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { missingCode, notThatFileCode, readVerified } from './verified-open.ts';

describe('a script that reads a file', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync("/tmp/argonaut it's-");
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const read = (path: string, maxBytes = 100) =>
    spawnSync('/bin/sh', ['-s'], { input: readVerified(path, maxBytes), encoding: 'utf8' });

  it('gives its bytes, as many as are wanted', () => {
    writeFileSync(`${directory}/x y`, 'content');
    expect(read(`${directory}/x y`)).toMatchObject({ status: 0, stdout: 'content' });
    expect(read(`${directory}/x y`, 3)).toMatchObject({ status: 0, stdout: 'con' });
  });

  it('says when it, or its directory, is not there', () => {
    expect(read(`${directory}/missing`).status).toBe(missingCode);
    expect(read(`${directory}/missing/x`).status).toBe(missingCode);
  });

  it('gives nothing of what a link leads to', () => {
    writeFileSync(`${directory}/secret`, 'secret');
    symlinkSync(`${directory}/secret`, `${directory}/log`);
    expect(read(`${directory}/log`)).toMatchObject({ status: notThatFileCode, stdout: '' });
  });

  it('may stand behind links that the administrator made', () => {
    mkdirSync(`${directory}/real`);
    writeFileSync(`${directory}/real/log`, 'content');
    symlinkSync(`${directory}/real`, `${directory}/data`);
    expect(read(`${directory}/data/log`)).toMatchObject({ status: 0, stdout: 'content' });
  });
});
