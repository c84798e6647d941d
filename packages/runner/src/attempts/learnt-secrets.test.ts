/** Values that a script declares secret are known to whoever asks later, followed or not. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Secret } from '@argonaut/contracts';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createLocalFiles } from '../local/index.ts';
import { SecretSet } from '../masking/index.ts';
import { formatMessage } from '../messages/index.ts';
import type { JournalEntry } from '../ports/journal.ts';
import { LearntSecrets, learntSecrets } from './learnt-secrets.ts';
import { StagingDirectory } from './staging-directory.ts';
import type { AttemptRoom } from './surroundings.ts';

const signal = AbortSignal.timeout(20_000);
const aSecret = (value: string) => ({ name: 'S', value: new Secret(value) });
let root: string;
let room: AttemptRoom;
let entry: JournalEntry;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'argonaut-learnt-'));
  const directory = new StagingDirectory(root);
  await mkdir(directory.attempt, { recursive: true });
  await writeFile(
    directory.log,
    ['begins', formatMessage('mask', { value: 'declared-secret' }), 'declared-secret'].join('\n'),
  );
  room = {
    files: createLocalFiles(),
    learnt: new LearntSecrets(),
    logs: { get: () => undefined },
    secrets: [aSecret('of-the-worker')],
  } as unknown as AttemptRoom;
  entry = { directory: root, spec: { attempt: 'a1', serviceMessages: true } } as unknown as JournalEntry;
});
afterEach(() => rm(root, { recursive: true, force: true }));

test('when nobody follows the attempt its log tells them', async () => {
  const secrets = await learntSecrets(room, entry, signal);
  expect(secrets.mask('declared-secret!')).toBe('********!');
  expect(secrets.mask('of-the-worker!')).toBe('********(S)!');
});

test('a follower who has read the log knows them', async () => {
  const followed = new SecretSet([aSecret('of-the-follower')]);
  room.learnt.follow('a1', followed).caughtUp();
  expect(await learntSecrets(room, entry, signal)).toBe(followed);
});

test('one who is still reading is waited for', async () => {
  const followed = new SecretSet();
  const lesson = room.learnt.follow('a1', followed);
  const asked = learntSecrets(room, entry, signal);
  followed.add([aSecret('read-just-now')]);
  lesson.caughtUp();
  expect((await asked).isIn('read-just-now')).toBe(true);
});

test('one who leaves before the end may have missed something: the log tells', async () => {
  const lesson = room.learnt.follow('a1', new SecretSet());
  const asked = learntSecrets(room, entry, signal);
  lesson[Symbol.dispose]();
  expect((await asked).isIn('declared-secret')).toBe(true);
});

test('one who has read to the end is remembered until the attempt is finished', async () => {
  const followed = new SecretSet();
  {
    using lesson = room.learnt.follow('a1', followed);
    lesson.caughtUp();
    lesson.complete();
  }
  expect(await learntSecrets(room, entry, signal)).toBe(followed);
  room.learnt.drop('a1');
  expect(await learntSecrets(room, entry, signal)).not.toBe(followed);
});
