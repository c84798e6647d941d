import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFile,
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Files } from '../ports/files.ts';
import { createLocalFiles, createLocalProcesses } from './index.ts';

const soon = () => AbortSignal.timeout(10_000);

describe('files of this machine', () => {
  let directory: string;
  let files: Files & AsyncDisposable;
  beforeEach(async () => {
    directory = await mkdtemp('/tmp/argonaut-files-');
    files = createLocalFiles();
  });
  afterEach(async () => {
    await files[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  });

  it('make directories with exactly the mode that was asked for', async () => {
    await files.makeDirectory(`${directory}/a/b`, 0o777, soon());
    await files.makeDirectory(`${directory}/a/b`, 0o711, soon());
    expect((await stat(`${directory}/a/b`)).mode & 0o777).toBe(0o711);
  });

  it('write whole files and leave nothing beside them', async () => {
    await files.writeFile(`${directory}/x`, Buffer.from('one'), 0o640, soon());
    await files.writeFile(`${directory}/x`, Buffer.from('two'), 0o555, soon());
    expect(await readFile(`${directory}/x`, 'utf8')).toBe('two');
    expect((await stat(`${directory}/x`)).mode & 0o777).toBe(0o555);
    expect(await readdir(directory)).toEqual(['x']);
    await expect(files.writeFile(`${directory}/no/x`, Buffer.from(''), 0o600, soon())).rejects.toThrow(
      `${directory}/no/x`,
    );
  });

  it('read small files whole, and say when one is not small', async () => {
    await writeFile(`${directory}/x`, 'abcdef');
    expect(Buffer.from((await files.readFile(`${directory}/x`, 6, soon())) ?? []).toString()).toBe('abcdef');
    await expect(files.readFile(`${directory}/x`, 5, soon())).rejects.toThrow(/larger than 5 bytes/);
    expect(await files.readFile(`${directory}/missing`, 5, soon())).toBeUndefined();
    expect(await files.readFile(`${directory}/x/below`, 5, soon())).toBeUndefined();
  });

  it('never follow a link, and open nothing that is not a file', async () => {
    await writeFile(`${directory}/x`, 'secret');
    await symlink(`${directory}/x`, `${directory}/link`);
    await expect(files.readFile(`${directory}/link`, 10, soon())).rejects.toMatchObject({
      kind: 'InfrastructureFailure',
    });
    await mkdir(`${directory}/folder`);
    await expect(files.openFile(`${directory}/folder`, soon())).rejects.toThrow(/is not a file/);
    expect((await files.stat(`${directory}/link`, soon()))?.kind).toBe('other');
  });

  it('read on from an open file that was deleted', async () => {
    await writeFile(`${directory}/x`, 'before');
    await using file = await files.openFile(`${directory}/x`, soon());
    const writer = await import('node:fs/promises').then(({ open }) => open(`${directory}/x`, 'a'));
    await unlink(`${directory}/x`);
    await writer.write(' after');
    await writer.close();
    expect(Buffer.from((await file?.read(7, 100, soon())) ?? []).toString()).toBe('after');
    expect(await file?.size(soon())).toBe(12);
    expect((await file?.read(12, 10, soon()))?.length).toBe(0);
  });

  it('remove trees, and links but not what they lead to', async () => {
    await mkdir(`${directory}/keep`);
    await writeFile(`${directory}/keep/x`, '');
    await mkdir(`${directory}/tree/deep`, { recursive: true });
    await symlink(`${directory}/keep`, `${directory}/tree/deep/link`);
    await files.remove(`${directory}/tree`, soon());
    await files.remove(`${directory}/tree`, soon());
    expect(await readdir(directory)).toEqual(['keep']);
    expect(await readdir(`${directory}/keep`)).toEqual(['x']);
  });

  it('tell of changes, also of those between two waits', async () => {
    await files.waitForChange(directory, 60_000, soon());
    await writeFile(`${directory}/x`, '1');
    await files.waitForChange(directory, 60_000, soon());
    const waiting = files.waitForChange(directory, 60_000, soon()).then(() => 'changed');
    setTimeout(() => void appendFile(`${directory}/x`, '2'), 20);
    expect(await waiting).toBe('changed');
  });

  it('stop waiting when time is up or the caller leaves', async () => {
    await files.waitForChange(directory, 60_000, soon());
    await files.waitForChange(directory, 10, soon());
    const leaving = new AbortController();
    const waiting = files.waitForChange(directory, 60_000, leaving.signal);
    leaving.abort(new Error('left'));
    await expect(waiting).rejects.toThrow('left');
  });

  it('connect to sockets on paths that the kernel thinks too long', async () => {
    const deep = `${directory}/${'d'.repeat(100)}/${'e'.repeat(60)}`;
    await mkdir(deep, { recursive: true });
    const short = `${directory}/s`;
    const server = createServer((socket) => socket.end('hello')).listen(short);
    await once(server, 'listening');
    const { rename } = await import('node:fs/promises');
    await rename(short, `${deep}/ctl`);
    const socket = await files.connect(`${deep}/ctl`, soon());
    const parts: Buffer[] = [];
    for await (const part of socket) parts.push(part as Buffer);
    expect(Buffer.concat(parts).toString()).toBe('hello');
    server.close();
    await expect(files.connect(`${deep}/nobody`, soon())).rejects.toMatchObject({
      details: { code: 'ENOENT' },
    });
    await expect(files.connect(`${directory}/nobody`, soon())).rejects.toMatchObject({
      details: { code: 'ENOENT' },
    });
  });

  it('know how much space there is', async () => {
    const { totalBytes = 0, freeBytes = 0 } = (await files.space(directory, soon())) ?? {};
    expect(freeBytes).toBeGreaterThan(0);
    expect(totalBytes).toBeGreaterThanOrEqual(freeBytes);
  });
});

describe('processes of this machine', () => {
  const processes = createLocalProcesses({ path: process.env.PATH ?? '' });

  it('run in a session of their own and are known by more than their number', async () => {
    const identity = await processes.spawn(
      { argv: ['/bin/sleep', '60'], environment: { ARGONAUT_ATTEMPT: `test-${process.pid}` }, cwd: '/' },
      soon(),
    );
    try {
      const text = await readFile(`/proc/${identity.pid}/stat`, 'utf8');
      expect(Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[3])).toBe(identity.pid);
      expect(await processes.isAlive(identity, soon())).toBe(true);
      expect(await processes.isAlive({ ...identity, startTicks: identity.startTicks + 1 }, soon())).toBe(
        false,
      );
      expect(await processes.isAlive({ ...identity, bootId: 'another boot' }, soon())).toBe(false);
      expect(await processes.findByAttempt(`test-${process.pid}`, soon())).toEqual([identity]);
      await processes.kill({ ...identity, startTicks: 1 }, 'SIGKILL', soon());
      expect(await processes.isAlive(identity, soon())).toBe(true);
    } finally {
      await processes.kill(identity, 'SIGKILL', soon());
    }
    while (await processes.isAlive(identity, soon())) await new Promise((resume) => setTimeout(resume, 5));
    await processes.kill(identity, 'SIGKILL', soon());
  });

  it('outlive whoever started them', async () => {
    const script = `
      import { createLocalProcesses } from ${JSON.stringify(new URL('./index.ts', import.meta.url).href)};
      const found = await createLocalProcesses({ path: '' }).spawn(
        { argv: ['/bin/sleep', '60'], environment: {}, cwd: '/' }, AbortSignal.timeout(10_000));
      console.log(JSON.stringify(found));
      process.kill(process.pid, 'SIGKILL');`;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const parts: Buffer[] = [];
    for await (const part of parent.stdout) parts.push(part as Buffer);
    const identity = JSON.parse(Buffer.concat(parts).toString());
    expect(await processes.isAlive(identity, soon())).toBe(true);
    await processes.kill(identity, 'SIGKILL', soon());
  });

  it('say so when they cannot be started', async () => {
    const request = { argv: ['/no/such/program'], environment: {}, cwd: '/' };
    await expect(processes.spawn(request, soon())).rejects.toThrow(/Cannot start \/no\/such\/program/);
  });

  it('find programs: paths as they are, names in PATH, best first, only what can be run', async () => {
    const directory = await mkdtemp('/tmp/argonaut-programs-');
    try {
      await writeFile(`${directory}/data`, '');
      await writeFile(`${directory}/tool`, '');
      await chmod(`${directory}/tool`, 0o755);
      await mkdir(`${directory}/folder`);
      const local = createLocalProcesses({ path: `relative:${directory}` });
      expect(await local.findProgram(['missing', 'data', 'folder', 'tool'], soon())).toBe(
        `${directory}/tool`,
      );
      expect(await local.findProgram([`${directory}/tool`], soon())).toBe(`${directory}/tool`);
      expect(await local.findProgram(['data', '/no/such'], soon())).toBeUndefined();
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
});
