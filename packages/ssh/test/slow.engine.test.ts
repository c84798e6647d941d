/** A worker that is slow, or far away: what takes longer than an answer may take is waited for, as on this machine. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createConnection, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectSsh } from '../src/index.ts';
import { OwnSshd } from './own-sshd.ts';
import { optionsFor } from './ports.ts';

const soon = (): AbortSignal => AbortSignal.timeout(60_000);
/** What a whole operation may take here; 30 s otherwise. */
const operationDeadlineMs = 2_000;

describe('a worker behind SSH', () => {
  let sshd: OwnSshd;
  let directory: string;
  beforeAll(async () => {
    sshd = await OwnSshd.make();
    await sshd.start();
    directory = await mkdtemp('/tmp/argonaut-slow-');
  });
  afterAll(async () => {
    await sshd?.remove();
    await rm(directory, { recursive: true, force: true });
  });

  it('may take long to copy and to remove a tree', async () => {
    const options = { ...optionsFor(await sshd.describe()), operationDeadlineMs };
    await using worker = await connectSsh(options, soon());
    const [from, to] = [`${directory}/tree`, `${directory}/copy`];
    await mkdir(from);
    await mkdir(to);
    await writeFile(`${from}/file`, 'content');
    /** As slow as a tree of many files. */
    const slowly = async (begin: () => Promise<void>) => {
      await sshd.freezeConnections();
      const [end] = await Promise.allSettled([
        begin(),
        sleep(1.5 * operationDeadlineMs).then(() => sshd.thawConnections()),
      ]);
      expect(end).toMatchObject({ status: 'fulfilled' });
    };

    await slowly(() => worker.files.copy(from, to, soon()));
    expect(await readFile(`${to}/file`, 'utf8')).toBe('content');
    await slowly(() => worker.files.remove(to, soon()));
    await expect(readFile(`${to}/file`)).rejects.toThrow('ENOENT');
  });

  it('may be behind a slow line when a large file is written', async () => {
    const bytes = Buffer.alloc(4 * 1024 * 1024, 'a long script ');
    await using line = await slowLine(sshd.port, 1024 * 1024);
    const description = { ...(await sshd.describe()), port: line.port };
    await using worker = await connectSsh({ ...optionsFor(description), operationDeadlineMs }, soon());

    await worker.files.writeFile(`${directory}/script`, bytes, 0o600, soon());

    const hash = (what: Uint8Array) => createHash('sha256').update(what).digest('hex');
    expect(hash(await readFile(`${directory}/script`))).toBe(hash(bytes));
  });
});

/** Passes on what is sent to the port, so many bytes a second. */
async function slowLine(to: number, bytesPerSecond: number) {
  const server = createServer({ highWaterMark: 16 * 1024 }, (near) => {
    const far = createConnection(to, '127.0.0.1');
    far.on('error', () => near.destroy()).on('close', () => near.destroy());
    near.on('error', () => far.destroy()).on('close', () => far.destroy());
    far.pipe(near);
    (async () => {
      for await (const chunk of near) {
        far.write(chunk);
        await sleep((1000 * chunk.length) / bytesPerSecond);
      }
    })().catch(() => {});
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { readonly port: number };
  return {
    port,
    async [Symbol.asyncDispose]() {
      server.close();
    },
  };
}
