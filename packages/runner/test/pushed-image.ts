/** An image of a test's own in a registry, which no engine has yet. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const payloadBytes = 4_000_000;

/** With a layer of 4 MB that nothing compresses. Removed from the engine at the end, under all its names. */
export async function pushedImage(name: string): Promise<AsyncDisposable> {
  const directory = await mkdtemp(join(tmpdir(), 'argonaut-pushed-'));
  const label = `argonaut.test.image=${name}`;
  const remove = async () => {
    const { stdout } = await run('docker', ['images', '--quiet', '--no-trunc', '--filter', `label=${label}`]);
    const ids = [...new Set(stdout.split('\n').filter((id) => id !== ''))];
    if (ids.length > 0) await run('docker', ['rmi', '--force', ...ids]);
  };
  await writeFile(join(directory, 'payload'), randomBytes(payloadBytes));
  await writeFile(join(directory, 'Dockerfile'), 'FROM argonaut-test/busybox:1\nCOPY payload /payload\n');
  await run('docker', ['build', '--quiet', '--label', label, '--tag', name, directory]);
  await run('docker', ['push', '--quiet', name]);
  await remove();
  await rm(directory, { recursive: true });
  return { [Symbol.asyncDispose]: remove };
}
