/** What tasks ask their workers for, and what the first use of an image fixes. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { content, type ImagesUnderTest, imagesUnderTest } from './images-under-test.ts';

let under: ImagesUnderTest;
beforeEach(async () => {
  under = await imagesUnderTest();
});
afterEach(() => under[Symbol.asyncDispose]());

describe('when a task runs', () => {
  test('what was fixed is asked for by its digest, whatever the tag is meanwhile', async () => {
    under.serves({ web: { '1': content('one') } });
    const made = await under.project([under.step('web:1')]);
    under.serves({ web: { '1': content('two') } });
    under.worker.registry = ({ digest }) => digest ?? content('two').digest;
    expect(await under.deployed(made.releaseId, made.environmentId)).toMatchObject({ State: 'Success' });
    expect(under.worker.asked.map(({ digest }) => digest)).toEqual([content('one').digest]);
  });

  test('its first use fixes the rest, and the next environment gets the same', async () => {
    under.stub.handler = (_sent, response) => response.destroy();
    const made = await under.project([under.step('web:1')]);
    const test = await under.environment('Test');
    under.worker.registry = ({ digest }) => digest ?? content('one').digest;
    await under.deployed(made.releaseId, made.environmentId);
    const [row] = await under.table(made.releaseId);
    expect(row).toMatchObject({ Digest: content('one').digest, LockedBy: 'FirstUse', Problem: null });
    expect(row.Actor).toMatch(/^ServerTasks-/);
    const { body } = await under.server.get(
      `/api/events?regarding=${made.releaseId}&eventCategories=ImageDigestLocked`,
    );
    expect(body.Items).toMatchObject([
      { Username: 'system', RelatedDocumentIds: expect.arrayContaining([row.Actor]) },
    ]);
    under.worker.registry = ({ digest }) => digest ?? content('two').digest;
    await under.deployed(made.releaseId, test);
    expect(under.worker.asked.at(-1)?.digest).toBe(content('one').digest);
  });

  test('of two tasks that use it first at the same moment, both run what one of them fixed', async () => {
    under.stub.handler = (_sent, response) => response.destroy();
    const made = await under.project([under.step('web:1')]);
    const test = await under.environment('Test');
    // Both have asked for the tag before either gets its answer, and each gets another one: the tag moves in between.
    const both = Promise.withResolvers<void>();
    let tags = 0;
    under.worker.registry = async ({ digest }) => {
      if (digest !== undefined) return digest;
      tags += 1;
      const own = content(`content ${tags}`).digest;
      if (tags === 2) both.resolve();
      await both.promise;
      return own;
    };
    const tasks = [
      await under.server.deploy(made.releaseId, made.environmentId),
      await under.server.deploy(made.releaseId, test),
    ];
    for (const { taskId } of tasks)
      expect(await under.server.task(taskId)).toMatchObject({ State: 'Success' });
    const [row] = await under.table(made.releaseId);
    const used = [...under.worker.attempts.values()].map(({ spec }) =>
      spec.place.kind === 'container' ? spec.place.image.digest : undefined,
    );
    expect(used).toEqual([row.Digest, row.Digest]);
    const logs = await Promise.all(tasks.map(({ taskId }) => under.log(taskId)));
    expect(logs.filter((log) => log.includes('Another task has fixed'))).toHaveLength(1);
  });

  test('a pool may narrow when images are pulled, and has the first word when a step says nothing', async () => {
    under.serves({ web: { '1': content('one') } });
    const [pool] = (await under.server.get('/api/workerpools/all')).body;
    const ImagePolicies = ['IfNotPresent', 'Always'];
    await under.server.call('PUT', `/api/argonaut/Spaces-1/workerpools/${pool.Id}/policy`, { ImagePolicies });
    const made = await under.project([under.step('web:1')]);
    await under.deployed(made.releaseId, made.environmentId);
    expect(under.worker.asked[0]?.policy).toBe('if-not-present');
    const never = await under.project([
      under.step('web:1', { properties: { 'Argonaut.Action.ImagePolicy': 'Never' } }),
    ]);
    const task = await under.deployed(never.releaseId, never.environmentId);
    expect(task.ErrorMessage).toContain('it allows only IfNotPresent, Always');
  });
});
