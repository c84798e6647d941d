/** A new master key: every secret opens with it, none with the old one, API keys go on working; or nothing changes. */
import { Secret } from '@argonaut/contracts';
import { describe, expect, it } from 'vitest';
import { checkMasterKey, type Database, KeyRing, memoryDatabase } from '../src/database/index.ts';
import { findEvents } from '../src/events/queries.ts';
import { secretPlace } from '../src/feeds/codec.ts';
import { feedsIn } from '../src/feeds/queries.ts';
import { rotateMasterKey } from '../src/rotation.ts';
import { outputPlace } from '../src/tasks/runs/entries.ts';
import { acceptAnswers } from '../src/variables/index.ts';
import { openAnswer } from '../src/variables/prompts.ts';
import { ADMIN_KEY, testServer } from './support.ts';
import { projectIn } from './variables/project.ts';

const NEW_KEY = new Secret(Buffer.alloc(32, 9).toString('base64'));

/** A server with a secret in every place that has one. */
async function furnished(database: Database) {
  const server = await testServer({ database });
  const project = await projectIn(server);
  await server.call('PUT', project.url, {
    Variables: [{ Name: 'K', Value: 'a sensitive value', IsSensitive: true, Prompt: {} }],
  });
  const snapshots = await project.snapshots(project.id);
  const feed = await server.call('POST', '/api/Spaces-1/feeds', {
    Name: 'Registry',
    FeedType: 'Docker',
    FeedUri: 'https://registry.example.org',
    Username: 'user',
    Password: { HasValue: true, NewValue: 'the password of the feed' },
  });
  expect(feed.status).toBe(201);
  const processUrl = `/api/Spaces-1/deploymentprocesses/deploymentprocess-${project.id}`;
  const process = (await server.get(processUrl)).body;
  process.Steps[0].Actions[0].Properties.Token = { HasValue: true, NewValue: 'a property that is secret' };
  expect((await server.call('PUT', processUrl, process)).status).toBe(200);
  const { keys } = server.services;
  const place = { project: project.id, process: project.id };
  const answers = await acceptAnswers(server.services, {
    space: 'Spaces-1',
    snapshots,
    place,
    owner: 'Deployments-1',
    given: { K: 'an answer in confidence' },
  });
  const plain = {
    space: 'Spaces-1',
    name: 'd',
    name_key: 'd',
    unique_key: null,
    slug: null,
    parent: '',
    sort: 0,
  };
  await database.query
    .insertInto('documents')
    .values({
      kind: 'Deployments',
      id: 'Deployments-1',
      number: 1,
      version: 1,
      document: JSON.stringify({ Answers: answers }),
      ...plain,
    })
    .execute();
  const sealed = keys.seal(new Secret('an output'), outputPlace('ServerTasks-1', '7'));
  await database.query
    .insertInto('run_entries')
    .values({
      task: 'ServerTasks-1',
      kind: 'output',
      id: '7',
      seq: 7,
      body: JSON.stringify({ name: 'O', sealed }),
    })
    .execute();
  return { server, project, feedId: feed.body.Id as string };
}

describe('a new master key', () => {
  it('opens everything that the old one sealed; the old one nothing any more', async () => {
    const database = await memoryDatabase();
    const { server, project, feedId } = await furnished(database);
    const old = server.services.keys;
    const { resealed, keys } = await rotateMasterKey(server.services, NEW_KEY);
    // Variable and snapshot, feed, property, answer, output.
    expect(resealed).toBe(6);
    const { items } = await findEvents(database, { categories: ['MasterKeyRotated'] }, { skip: 0, take: 9 });
    expect(items).toMatchObject([{ userId: '', body: { Message: expect.stringContaining('6 secrets') } }]);

    // A ring made from the key alone, as the next start makes it.
    const fresh = new KeyRing(Buffer.alloc(32, 9));
    await checkMasterKey(database, fresh);
    const after = await testServer({ database, keys: fresh });
    const feed = await feedsIn(database).get(feedId, 'Spaces-1');
    const sealedPassword = feed.document.Secrets.Password?.sealed ?? '';
    expect(keys.open(sealedPassword, secretPlace(feedId, 'Password')).reveal()).toBe(
      'the password of the feed',
    );
    expect(() => old.open(sealedPassword, secretPlace(feedId, 'Password'))).toThrow('master key');

    const scoped = await (await projectIn(after, 'Another')).scopeOf(project.id);
    expect(scoped.values.K).toBe('a sensitive value');
    const deployment = await database.query
      .selectFrom('documents')
      .select('document')
      .where('id', '=', 'Deployments-1')
      .executeTakeFirstOrThrow();
    const { Answers } = JSON.parse(deployment.document);
    expect(openAnswer(keys, Answers, Object.keys(Answers.values)[0] ?? '')).toBe('an answer in confidence');
    const entry = await database.query.selectFrom('run_entries').select('body').executeTakeFirstOrThrow();
    expect(keys.open(JSON.parse(entry.body).sealed, outputPlace('ServerTasks-1', '7')).reveal()).toBe(
      'an output',
    );

    // The old key does not even begin.
    await expect(rotateMasterKey({ database, keys: old, now: () => new Date() }, NEW_KEY)).rejects.toThrow();
    const rows = await database.query.selectFrom('documents').select('document').execute();
    expect(JSON.stringify(rows)).not.toContain(`v1.${old.keyId}`);
    expect((await after.get('/api/users/me', { 'x-octopus-apikey': ADMIN_KEY })).status).toBe(200);
    await after[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
    await database.close();
  });

  it('can be changed again and again, and API keys still work', async () => {
    const database = await memoryDatabase();
    const { server } = await furnished(database);
    const first = await rotateMasterKey(server.services, NEW_KEY);
    const second = await rotateMasterKey(
      { database, keys: first.keys, now: () => new Date() },
      new Secret('ab'.repeat(32)),
    );
    expect(second.resealed).toBe(6);
    await using after = await testServer({ database, keys: second.keys });
    expect((await after.get('/api/users/me')).status).toBe(200);
    await server[Symbol.asyncDispose]();
  });

  it('that is the old one, or is no key, is refused', async () => {
    await using server = await testServer();
    const same = new Secret(Buffer.alloc(32, 7).toString('base64'));
    await expect(rotateMasterKey(server.services, same)).rejects.toThrow('in use');
    await expect(rotateMasterKey(server.services, new Secret('short'))).rejects.toThrow('32 bytes');
  });

  it.each([
    ['a secret that no folder claims', 'Planets', { sealed: 'v1.00000000.AAAA' }, 'Planets X-1'],
    ['a secret that does not open', 'Feeds', { sealed: 'v1.00000000.AAAA' }, 'cannot be read'],
  ])('%s: then nothing is changed', async (_what, kind, secret, message) => {
    const database = await memoryDatabase();
    const { server, project } = await furnished(database);
    const plain = {
      space: 'Spaces-1',
      name: 'p',
      name_key: 'p',
      unique_key: null,
      slug: null,
      parent: '',
      sort: 0,
    };
    const document = JSON.stringify({ Secrets: { Password: secret } });
    await database.query
      .insertInto('documents')
      .values({ kind, id: 'X-1', number: 1, version: 1, document, ...plain })
      .execute();
    await expect(rotateMasterKey(server.services, NEW_KEY)).rejects.toThrow(message);
    expect((await project.scopeOf(project.id)).values.K).toBe('a sensitive value');
    expect(new KeyRing(Buffer.alloc(32, 7)).keyId).toBe(server.services.keys.keyId);
    await server[Symbol.asyncDispose]();
    await database.close();
  });
});
