import { describe, expect, test } from 'vitest';
import { RepositoryNotFound } from '../../src/feeds/registry/index.ts';
import { makeImage, serve } from './images.ts';
import { clientFor, failure, type Handler, refuse, reply, startStub } from './stub.ts';

const { manifest } = makeImage({ os: 'linux', architecture: 'amd64' });
const named = (...names: string[]) =>
  Object.fromEntries(names.map((name) => [name, { tags: { '1': manifest } }]));

/** Gives `all` in pages of `size`, as the specification says; `link` writes the header. */
function paged(
  all: readonly string[],
  size: number,
  link = (query: string) => `</v2/app/tags/list?${query}>; rel="next"`,
): Handler {
  return ({ path }, response) => {
    const last = new URL(path, 'http://stub').searchParams.get('last');
    const from = last === null ? 0 : all.indexOf(last) + 1;
    const page = all.slice(from, from + size);
    const more = from + size < all.length;
    const query = `n=${size}&last=${page.at(-1)}`;
    reply(response, 200, { name: 'app', tags: page }, more ? { link: link(query) } : {});
  };
}

describe('the tags of an image', () => {
  test('are read through all pages and given newest first', async () => {
    await using stub = await startStub(paged(['1.0', '1.1', '1.2', '1.10', 'latest'], 2));
    expect(await clientFor(stub).client.tags('app')).toEqual({
      tags: ['1.10', '1.2', '1.1', '1.0', 'latest'],
      complete: true,
    });
    expect(stub.sent).toHaveLength(3);
  });

  test('are read from this registry although its links name another host', async () => {
    const link = (query: string) => `<http://registry.internal:5000/v2/app/tags/list?${query}>; rel="next"`;
    await using stub = await startStub(paged(['1', '2', '3'], 1, link));
    expect((await clientFor(stub).client.tags('app')).tags).toEqual(['3', '2', '1']);
    expect(new Set(stub.sent.map(({ headers }) => headers.host))).toEqual(
      new Set([new URL(stub.origin).host]),
    );
  });

  test('are bounded, and the list says that there are more', async () => {
    await using stub = await startStub(paged(['1', '2', '3', '4', '5'], 2));
    const { tags, complete } = await clientFor(stub).client.tags('app', { limit: 3 });
    expect({ count: tags.length, complete }).toEqual({ count: 3, complete: false });
    expect(stub.sent).toHaveLength(2);
  });

  test('whose pages go in a circle end', async () => {
    await using stub = await startStub((_, response) =>
      reply(response, 200, { tags: ['1'] }, { link: '</v2/app/tags/list?last=1>; rel="next"' }),
    );
    expect(await clientFor(stub).client.tags('app')).toEqual({ tags: ['1'], complete: false });
    expect(stub.sent).toHaveLength(2);
  });

  test('whose pages never end are given up', async () => {
    let page = 0;
    await using stub = await startStub((_, response) =>
      reply(response, 200, { tags: [] }, { link: `</v2/app/tags/list?last=${++page}>; rel="next"` }),
    );
    expect(await clientFor(stub).client.tags('app')).toEqual({ tags: [], complete: false });
    expect(stub.sent).toHaveLength(200);
  });

  test('come from registries that refuse a page size', async () => {
    await using stub = await startStub(({ path }, response) =>
      path.includes('n=')
        ? refuse(response, 400, 'PAGINATION_NUMBER_INVALID')
        : reply(response, 200, { tags: ['1'] }),
    );
    expect((await clientFor(stub).client.tags('app')).tags).toEqual(['1']);
  });

  test('may be none at all (null), and what is no text is no tag', async () => {
    await using stub = await startStub((_, response) => reply(response, 200, { tags: null }));
    expect(await clientFor(stub).client.tags('app')).toEqual({ tags: [], complete: true });
    stub.handler = (_, response) => reply(response, 200, { tags: ['1', 2, { a: 1 }] });
    expect((await clientFor(stub).client.tags('app')).tags).toEqual(['1']);
  });

  test('of an image that does not exist', async () => {
    await using stub = await startStub(serve({}));
    const error = await failure(clientFor(stub).client.tags('team/ap'));
    expect(error).toBeInstanceOf(RepositoryNotFound);
    expect(error).toMatchObject({ kind: 'NotFound' });
    expect(error.message).toMatch(/"Our registry" \(http.*\) has no image "team\/ap"/);
  });
});

describe('a search', () => {
  test('filters the catalogue: the very name, then beginnings, then the others', async () => {
    await using stub = await startStub(serve(named('zz/api', 'api-two', 'api', 'web', 'api-one')));
    const { repositories, source, complete } = await clientFor(stub).client.search(' API ');
    expect(repositories.map(({ name }) => name)).toEqual(['api', 'api-one', 'api-two', 'zz/api']);
    expect({ source, complete }).toEqual({ source: 'catalogue', complete: true });
  });

  test('with a slash in it ends (and finds)', async () => {
    await using stub = await startStub(serve(named('team/api', 'api')));
    const { repositories } = await clientFor(stub).client.search('team/');
    expect(repositories.map(({ name }) => name)).toEqual(['team/api']);
  });

  test('is bounded', async () => {
    await using stub = await startStub(serve(named('a1', 'a2', 'a3')));
    const result = await clientFor(stub).client.search('a', { limit: 2 });
    expect(result).toMatchObject({ complete: false });
    expect(result.repositories).toHaveLength(2);
  });

  test('names images below the path of the feed, and only these', async () => {
    await using stub = await startStub(serve(named('docker-local/api', 'other/api')));
    const { client } = clientFor(stub, { feedUri: `${stub.origin}/docker-local` });
    expect((await client.search('api')).repositories.map(({ name }) => name)).toEqual(['api']);
    expect((await client.tags('api')).tags).toEqual(['1']);
  });

  test.each([401, 403, 404, 405, 501])(
    'of a registry without a catalogue (%d) tries the term as a name',
    async (status) => {
      const content = serve(named('team/api'));
      await using stub = await startStub((sent, response, request) => {
        if (!sent.path.startsWith('/v2/_catalog')) return content(sent, response, request);
        refuse(response, status, 'UNSUPPORTED', 'no', { 'www-authenticate': 'Basic realm="x"' });
      });
      const { client } = clientFor(stub, { retries: 0 });
      expect(await client.search('team/api')).toMatchObject({
        repositories: [{ name: 'team/api' }],
        source: 'name-only',
      });
      expect(await client.search('api')).toMatchObject({ repositories: [], source: 'name-only' });
      expect(await client.search('what is this?')).toMatchObject({ repositories: [], source: 'name-only' });
    },
  );

  test('of a registry that fails is a failure, not "nothing found"', async () => {
    await using stub = await startStub((_, response) => refuse(response, 500, 'UNKNOWN'));
    const { client } = clientFor(stub, { retries: 0 });
    expect(await failure(client.search('api'))).toMatchObject({ fault: 'ServerError' });
  });
});

describe('Docker Hub', () => {
  /** Leads Docker Hub's hosts to the stub and notes which was meant. */
  function hub(origin: string): { fetch: typeof globalThis.fetch; hosts: string[] } {
    const hosts: string[] = [];
    const fetch: typeof globalThis.fetch = (input, init) => {
      const url = new URL(String(input));
      hosts.push(url.host);
      return globalThis.fetch(new URL(url.pathname + url.search, origin), init);
    };
    return { fetch, hosts };
  }

  test('is searched by its own search, without credentials, in its own order', async () => {
    await using stub = await startStub(({ path }, response) => {
      if (!path.startsWith('/v1/search?q=debian&n=100')) return refuse(response, 404, 'NOPE');
      const results = [
        { name: 'debian', description: 'A system', is_official: true, star_count: 5 },
        { name: 'aaa/debian', description: '', is_official: false },
      ];
      reply(response, 200, { num_results: 2, results });
    });
    const { fetch, hosts } = hub(stub.origin);
    const { client } = clientFor(
      { origin: 'https://index.docker.io' },
      { fetch, username: 'me', secret: 'secret' },
    );
    expect(await client.search('library/debian')).toEqual({
      repositories: [
        { name: 'debian', description: 'A system', official: true },
        { name: 'aaa/debian', description: null, official: false },
      ],
      source: 'docker-hub',
      complete: true,
    });
    expect(hosts).toEqual(['index.docker.io']);
    expect(stub.sent[0]?.headers.authorization).toBeUndefined();
  });

  test('whose search is gone still says whether a whole name exists', async () => {
    await using stub = await startStub(serve(named('library/debian')));
    const { fetch } = hub(stub.origin);
    const { client } = clientFor({ origin: 'https://index.docker.io' }, { fetch });
    expect(await client.search('debian')).toMatchObject({
      repositories: [{ name: 'debian' }],
      source: 'name-only',
    });
  });

  test('lists the tags of official images under library/', async () => {
    await using stub = await startStub(serve(named('library/debian')));
    const { fetch, hosts } = hub(stub.origin);
    const { client } = clientFor({ origin: 'docker.io' }, { fetch });
    expect((await client.tags('debian')).tags).toEqual(['1']);
    expect(hosts).toEqual(['registry-1.docker.io']);
  });
});
