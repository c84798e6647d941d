/**
 * Things that a process names and that are not there, or not fit: the task fails with the name, the reason and the
 * remedy, and nothing is made on the engine.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { passwordRegistry, registry } from '../../../../test/services.ts';
import type { StepWish } from '../running/project-under-test.ts';
import { Deployer } from './deployer.ts';

let deployer: Deployer;
let feed: string;
beforeAll(async () => {
  const [{ host }] = [await registry()];
  deployer = await Deployer.start();
  feed = (
    await deployer.make('/api/feeds', { Name: 'Images', FeedType: 'Docker', FeedUri: `http://${host}` })
  ).Id;
}, 300_000);
afterAll(() => deployer?.[Symbol.asyncDispose]());

/** The error of the task, and what the log says. */
async function fails(step: Partial<StepWish>): Promise<string> {
  const { task, log } = await deployer.run({ name: 'bad step', script: 'echo never', ...step });
  expect(task.State).toBe('Failed');
  expect(log).not.toContain('never');
  return `${task.ErrorMessage}\n${log}`;
}

describe('a step names', () => {
  it('a feed that does not exist, or one of another type', async () => {
    const [unknown, builtIn] = await Promise.all([
      fails({ image: 'argonaut-test/busybox:1', feed: 'Feeds-99' }),
      deployer.server
        .call('GET', '/api/feeds/all')
        .then(({ body }) => body.find(({ FeedType }: { FeedType: string }) => FeedType === 'BuiltIn').Id)
        .then((builtin) => fails({ image: 'argonaut-test/busybox:1', feed: builtin })),
    ]);
    expect(unknown).toMatch(/Feeds-99/);
    expect(unknown).toMatch(/feeds? .*Images|does not exist|not found/i);
    expect(builtIn).toMatch(/holds no images.*Choose a feed of the type Docker/);
  });

  it('an image or a tag that does not exist, or cannot be read without signing in', async () => {
    const { host } = await passwordRegistry();
    const closed = await deployer.make('/api/feeds', {
      Name: 'Closed',
      FeedType: 'Docker',
      FeedUri: `http://${host}`,
    });
    const [image, tag, locked, text] = await Promise.all([
      fails({ image: 'argonaut-test/no-such-image:1', feed }),
      fails({ image: 'argonaut-test/busybox:no-such-tag', feed }),
      fails({ image: 'argonaut-test/busybox:1', feed: closed.Id }),
      fails({ image: 'Not An Image', feed }),
    ]);
    if (process.env.ARGONAUT_SHOW === '1') console.log(image, tag, locked, text);
    expect(image).toMatch(/no-such-image/);
    expect(image).toMatch(/(does not exist|not found|has no)/i);
    expect(tag).toMatch(/no-such-tag/);
    expect(locked).toMatch(/credentials|sign in|unauthori[sz]ed|password/i);
    expect(text).toMatch(/"Not An Image"/);
  });

  it('an image for another architecture, or without what the script needs', async () => {
    const [foreign, interpreter] = await Promise.all([
      fails({ image: 'argonaut-test/foreign:1', feed }),
      fails({ image: 'argonaut-test/busybox:1', feed, syntax: 'Python' }),
    ]);
    if (process.env.ARGONAUT_SHOW === '1') console.log(foreign, interpreter);
    expect(foreign).toMatch(/foreign:1.*(arm64|architecture|platform)/s);
    expect(interpreter).toMatch(/busybox:1.*(python3?).*/is);
  });

  it('a worker pool that does not exist, has no workers, or none that is well', async () => {
    const pool = async (Name: string) => (await deployer.make('/api/workerpools', { Name })).Id;
    const empty = await pool('Empty');
    const ill = await pool('Ill');
    await deployer.make('/api/workers', {
      Name: 'asleep',
      IsDisabled: true,
      WorkerPoolIds: [ill],
      Endpoint: { CommunicationStyle: 'None' },
    });
    const on = (WorkerPoolId: string) => fails({ action: { WorkerPoolId } });
    const messages = await Promise.all([on('WorkerPools-99'), on(empty), on(ill)]);
    if (process.env.ARGONAUT_SHOW === '1') console.log(...messages);
    const [unknown, none, unwell] = messages;
    expect(unknown).toMatch(/WorkerPools-99 does not exist. Choose another pool for the step/);
    expect(none).toMatch(/"Empty" has no workers. Add one to it, or choose another pool/);
    expect(unwell).toMatch(/No worker of the pool "Ill" can be used: "asleep" is disabled. Make one/);
  });

  it('and nothing is left of them', () => deployer.nothingLeft());
});
