/** The test services themselves: each is real, reachable, and holds what the other tests rely on. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import Docker from 'dockerode';
import { describe, expect, test } from 'vitest';
import {
  catalogue,
  repositoryOf,
  type TestImage,
  testImageNames,
  testImages,
} from '../scripts/images/catalogue.ts';
import { freshDatabase, passwordRegistry, postgres, registry, sshd } from './services.ts';

const run = promisify(execFile);
const docker = new Docker();

/** Pulls to the end; a pull that fails says so in its stream. */
async function pull(reference: string, authconfig?: { username: string; password: string }) {
  const stream = await docker.pull(reference, authconfig ? { authconfig } : {});
  await new Promise<void>((resolve, reject) => {
    docker.modem.followProgress(stream, (error: Error | null) => (error ? reject(error) : resolve()));
  });
}

async function output(image: string, command?: string[]) {
  const container = await docker.createContainer({ Image: image, ...(command ? { Cmd: command } : {}) });
  try {
    await container.start();
    const { StatusCode } = await container.wait();
    const log = await container.logs({ stdout: true, stderr: true });
    // The engine frames each piece of the log with eight bytes.
    return { code: StatusCode, text: log.subarray(8).toString() };
  } finally {
    await container.remove({ force: true });
  }
}

describe('test images', () => {
  test.each(testImageNames)(
    '%s is in the engine with the settings of the catalogue',
    async (name: TestImage) => {
      const { Config } = await docker.getImage(testImages[name]).inspect();
      const { settings } = catalogue[name] as { settings: object };
      expect(Config).toMatchObject(settings);
    },
  );

  test.for([
    ['busybox', ['sh', '-c', 'echo $((6 * 7))'], '42\n'],
    ['debian', ['bash', '-c', 'python3 -c "import json, ssl; print(json.dumps([1]))"'], '[1]\n'],
    ['musl', ['hello', 'there'], 'hello from musl there\n'],
    ['scratch', undefined, 'hello from scratch\n'],
    ['entrypoint', undefined, 'entrypoint default\n'],
    ['entrypoint-script', undefined, 'wrapped: yes\n'],
    ['user', ['id', '-un'], 'app\n'],
    ['user-id', ['id', '-u'], '4242\n'],
    ['workdir', ['cat', 'note.txt'], 'in the working directory\n'],
    ['volume', ['cat', '/data/seed.txt'], 'from the image\n'],
    ['environment', ['tool'], 'the tool of the image\n'],
  ] as [TestImage, string[] | undefined, string][])('%s runs', async ([name, command, expected]) => {
    expect(await output(testImages[name], command)).toEqual({ code: 0, text: expected });
  });

  test('the foreign image is for another architecture', async () => {
    const native = (await docker.getImage(testImages.busybox).inspect()).Architecture;
    const foreign = (await docker.getImage(testImages.foreign).inspect()).Architecture;
    expect([native, foreign].sort()).toEqual(['amd64', 'arm64']);
  });
});

describe('registries', () => {
  test('the open one gives an image by digest', async () => {
    const { host, images } = await registry();
    const reference = `${host}/${repositoryOf('busybox')}@${images.busybox}`;
    await pull(reference);
    expect((await docker.getImage(reference).inspect()).RepoDigests).toContain(reference);
    await docker.getImage(reference).remove();
  });

  test('the multi-platform image gives the one for this machine', async () => {
    const { host, multiPlatform } = await registry();
    const reference = `${host}/${multiPlatform.repository}:1`;
    await pull(reference);
    expect(await output(reference, ['echo', 'ran'])).toEqual({ code: 0, text: 'ran\n' });
    await docker.getImage(reference).remove();
    const distribution = await docker.getImage(reference).distribution();
    expect(distribution.Descriptor.digest).toBe(multiPlatform.digest);
    expect(distribution.Platforms.map(({ architecture }: { architecture: string }) => architecture)).toEqual(
      multiPlatform.platforms.map(({ architecture }) => architecture),
    );
  });

  test('the one with a password asks for it', async () => {
    const { host, credentials } = await passwordRegistry();
    const reference = `${host}/${repositoryOf('busybox')}:1`;
    await expect(pull(reference)).rejects.toThrow(/no basic auth credentials|unauthorized/);
    await pull(reference, credentials);
    await docker.getImage(reference).remove();
  });
});

test('sshd runs a command for the holder of the key', async () => {
  const { host, port, username, privateKeyFile, hostKey } = await sshd();
  const { stdout } = await run('ssh', [
    ...['-i', privateKeyFile, '-p', String(port), '-o', 'IdentitiesOnly=yes', '-o', 'BatchMode=yes'],
    ...[
      '-o',
      `KnownHostsCommand=/bin/echo [${host}]:${port} ${hostKey}`,
      '-o',
      'UserKnownHostsFile=/dev/null',
    ],
    ...[`${username}@${host}`, 'echo $SSH_CONNECTION'],
  ]);
  expect(stdout).toContain(` ${host} ${port}`);
});

test('postgres gives every caller an empty database of its own', async () => {
  const server = await postgres();
  const [one, other] = [await freshDatabase(), await freshDatabase()];
  const psql = (url: string, query: string) =>
    run(`${server.binDirectory}/psql`, ['-At', '-c', query, url]).then(({ stdout }) => stdout.trim());
  await psql(one.url, 'create table only_here (id int)');
  const tables = "select count(*) from information_schema.tables where table_schema = 'public'";
  expect([await psql(one.url, tables), await psql(other.url, tables)]).toEqual(['1', '0']);
});
