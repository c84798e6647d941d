/** Content that is gone, and a person who takes what the tag is now. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Principal } from '../../src/http/index.ts';
import { acceptCurrentDigest } from '../../src/images/accept.ts';
import { releaseOwner } from '../../src/images/owner.ts';
import {
  ANY,
  content,
  digests,
  type ImagesUnderTest,
  imagesUnderTest,
  registrySaid,
} from './images-under-test.ts';

let under: ImagesUnderTest;
beforeEach(async () => {
  under = await imagesUnderTest();
});
afterEach(() => under[Symbol.asyncDispose]());

describe('a digest that is gone', () => {
  test('has a name and a way out: the current one is accepted, audited, and runs', async () => {
    under.serves({ web: { '1': content('one') } });
    const made = await under.project([under.step('web:1')]);
    under.serves({ web: { '1': content('two') } });
    under.worker.registry = ({ digest }) => {
      if (digest === content('two').digest) return digest;
      throw registrySaid('NotFound', 'manifest unknown');
    };
    const task = await under.deployed(made.releaseId, made.environmentId);
    const path = `/api/argonaut/Spaces-1/releases/${made.releaseId}/images/accept-current-digest`;
    for (const part of [
      `release ${made.version}`,
      'feed "Our registry"',
      '"web:1"',
      content('one').digest,
      path,
      'worker one',
    ])
      expect(task.ErrorMessage).toContain(part);

    const accepted = await under.accept(made.releaseId, { FeedId: under.feed, Image: 'web:1' });
    expect(accepted).toMatchObject({
      status: 200,
      body: { Digest: content('two').digest, PreviousDigest: content('one').digest, LockedBy: 'Accepted' },
    });
    expect(await under.deployed(made.releaseId, made.environmentId)).toMatchObject({ State: 'Success' });
    const { body } = await under.server.get(
      `/api/events?regarding=${made.releaseId}&eventCategories=ImageDigestAccepted,Modified`,
    );
    expect(body.Items).toMatchObject([{ Category: 'ImageDigestAccepted' }]);
    expect(body.Items[0].Message).toContain(content('two').digest);
  });

  test('is left to its next use where the server does not reach the registry', async () => {
    under.serves({ web: { '1': content('one') } });
    const made = await under.project([under.step('web:1')]);
    under.stub.handler = (_sent, response) => response.destroy();
    expect((await under.accept(made.releaseId, { FeedId: under.feed, Image: 'web:1' })).status).toBe(503);
    const open = await under.accept(made.releaseId, { FeedId: under.feed, Image: 'web:1', AtNextUse: true });
    expect(open.body).toMatchObject({ Digest: null, PreviousDigest: content('one').digest });
    under.worker.registry = ({ digest }) => digest ?? ANY.digest;
    await under.deployed(made.releaseId, made.environmentId);
    expect(digests(await under.table(made.releaseId))).toEqual({ 'web:1': ANY.digest });
  });

  test('is not asked for when the caller has left', async () => {
    under.serves({ web: { '1': content('one') } });
    const made = await under.project([under.step('web:1')]);
    under.serves({ web: { '1': content('two') } });
    const { services } = under.server;
    const acceptance = {
      feed: under.feed,
      image: 'web:1',
      atNextUse: false,
      by: { id: 'Users-1' } as Principal,
    };
    const owner = await releaseOwner(services, made.releaseId, 'Spaces-1');
    const left = AbortSignal.abort(new Error('left'));
    await expect(acceptCurrentDigest(services, owner, acceptance, left)).rejects.toThrow('left');
    expect(digests(await under.table(made.releaseId))).toEqual({ 'web:1': content('one').digest });
  });

  test('is accepted only where it is known, and by those who may change the release', async () => {
    under.serves({ web: { '1': content('one') } });
    const made = await under.project([under.step('web:1')]);
    const unknown = await under.accept(made.releaseId, { FeedId: under.feed, Image: 'web:2' });
    expect(unknown.status).toBe(404);
    expect(unknown.body.ErrorMessage).toContain('It has "web:1"');
    const same = await under.accept(made.releaseId, { FeedId: under.feed, Image: 'web:1' });
    expect(same.body).toMatchObject({ LockedBy: 'Creation', PreviousDigest: null });
    const anonymous = await under.server.inject({
      method: 'POST',
      url: `/api/argonaut/Spaces-1/releases/${made.releaseId}/images/accept-current-digest`,
      payload: { Image: 'web:1' },
    });
    expect(anonymous.status).toBe(401);
  });
});
