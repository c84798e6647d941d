/** The disk of the data directory is full: what is asked for is refused with the reason, what runs waits and loses nothing. */
import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { Deployer } from './deployer.ts';

const run = promisify(execFile);
const BUSYBOX = 'argonaut-test/busybox:1';

it('a full disk: requests are refused with the reason, and a step that writes waits, whole, until there is room', async () => {
  let directory = '';
  await using deployer = await Deployer.start({}, async (given) => {
    await run('mount', ['-t', 'tmpfs', '-o', 'size=160m,mode=700', 'tmpfs', given]);
    directory = given;
  });
  // Disposed of before the server's directory, which cannot be removed while it is a mount point.
  await using _mount = {
    [Symbol.asyncDispose]: async () => {
      await deployer.server.stop();
      await run('umount', ['-l', directory]);
    },
  };
  const script = 'echo ready; for i in $(seq 80); do seq 20000; sleep 0.02; done; echo the end';
  const id = await deployer.begin({ name: 'talks', image: BUSYBOX, script });
  await deployer.logSays(id, 'ready');

  const filler = join(directory, 'filler');
  await run('sh', ['-c', `cat /dev/zero > ${filler} 2>/dev/null || true`]);
  const refused = await deployer.server.call('POST', '/api/environments', {
    Name: 'No room',
    Description: 'x'.repeat(2_000_000),
  });
  expect(refused).toMatchObject({
    status: 507,
    body: { ErrorMessage: expect.stringMatching(/disk .* is full: nothing was stored. Free some space/) },
  });
  const names = (await deployer.server.call('GET', '/api/environments/all')).body;
  expect(names.map(({ Name }: { Name: string }) => Name)).toEqual(['Production']);

  await rm(filler);
  const { task, log } = await deployer.end(id);
  expect([task.State, log.match(/the end/)?.length]).toEqual(['Success', 1]);
  expect(log.match(/ 20000$/gm)).toHaveLength(80);
  await deployer.nothingLeft();
});
