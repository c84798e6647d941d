/** The store's contract on a real PostgreSQL, and what only several servers have. */
import { Secret } from '@argonaut/contracts';
import { describe, expect, it } from 'vitest';
import { freshDatabase } from '../../../../test/services.ts';
import { type Database, openCoordination, openDatabase } from '../../src/database/index.ts';
import { storeContract } from './contract.ts';
import { coordinationContract } from './coordination.contract.ts';
import { eventsContract } from './events.contract.ts';
import { imageLocksContract } from './image-locks.contract.ts';
import { variablesContract } from './variables.contract.ts';

const open = (url: string): Promise<Database> =>
  openDatabase({ dataDirectory: '/nonexistent', databaseUrl: new Secret(url) });
const openFresh = async () => open((await freshDatabase()).url);

storeContract('PostgreSQL', openFresh);
coordinationContract('PostgreSQL', openFresh);
variablesContract('PostgreSQL', openFresh);
eventsContract('PostgreSQL', openFresh);
imageLocksContract('PostgreSQL', openFresh);

describe('several servers on one PostgreSQL', () => {
  it('bring the schema up together', async () => {
    const { url } = await freshDatabase();
    const servers = await Promise.all([open(url), open(url), open(url)]);
    await Promise.all(servers.map((server) => server.close()));
  });

  it('share the queue: every task once, never two of one tag', async () => {
    const { url } = await freshDatabase();
    const databases = await Promise.all([open(url), open(url), open(url)]);
    const queues = await Promise.all(
      databases.map((database) => openCoordination(database, () => new Date())),
    );
    const [first] = queues;
    const queueTime = new Date(Date.now() - 1000);
    for (let n = 0; n < 30; n += 1) {
      await first?.enqueue({ task: `T-${n}`, space: 'Spaces-1', queueTime, tag: `tag-${n % 3}` });
    }
    const running = new Set<string>();
    const done: string[] = [];
    await Promise.all(
      queues.map(async (queue, server) => {
        while (done.length < 30) {
          const lease = await queue.claim(`server-${server}`, 60_000);
          if (!lease) {
            await new Promise((resolve) => setTimeout(resolve, 2));
            continue;
          }
          const tag = `tag-${Number(lease.task.slice(2)) % 3}`;
          expect(running.has(tag)).toBe(false);
          running.add(tag);
          await new Promise((resolve) => setImmediate(resolve));
          running.delete(tag);
          await queue.release(lease, 'done');
          done.push(lease.task);
        }
      }),
    );
    expect(new Set(done).size).toBe(30);
    expect(done).toHaveLength(30);
    await Promise.all(queues.map((queue) => queue.close()));
    await Promise.all(databases.map((database) => database.close()));
  });

  it('wake each other', async () => {
    const { url } = await freshDatabase();
    const databases = await Promise.all([open(url), open(url)]);
    const [here, there] = await Promise.all(
      databases.map((database) => openCoordination(database, () => new Date())),
    );
    const woken = new Promise<void>((resolve) => there?.onWake(resolve));
    await here?.enqueue({ task: 'T-1', space: 'Spaces-1', queueTime: new Date(), tag: null });
    await woken;
    await Promise.all([here?.close(), there?.close()]);
    await Promise.all(databases.map((database) => database.close()));
  });
});
