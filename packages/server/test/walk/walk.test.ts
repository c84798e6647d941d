/** What holds for every document that links lead to, whichever folder makes it. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { FakeWork } from '../running/fake-work.ts';
import { furnishedServer } from './furnished.ts';
import { textsIn, type Visited, walk } from './walk.ts';

let server: FakeWork;
let visited: readonly Visited[];

beforeAll(async () => {
  server = await furnishedServer();
  visited = await walk(server);
});
afterAll(() => server[Symbol.asyncDispose]());

/** Answers only with the query parameters, or the id, that the link's template names. */
const ASKS_FOR_MORE =
  /\/(variables|variables\/preview|workers\/discover|channels\/rule-test|packages\/notes)$/;

test('every link leads somewhere', async () => {
  const paths = (await server.get('/api/openapi.json')).body.paths as Readonly<Record<string, object>>;
  /** Links such as `SignIn` are for other methods. */
  const isForOthers = (path: string) => path in paths || path.replace('/Spaces-1/', '/{spaceId}/') in paths;
  const lost = visited.filter(
    ({ status, allow, path }) =>
      status !== 200 && !/POST|PUT/.test(allow) && !isForOthers(path) && !ASKS_FOR_MORE.test(path),
  );
  expect(lost.map(({ status, path, from }) => `${status} ${path}, the link ${from}`)).toEqual([]);
  expect(visited.filter(({ status }) => status === 200).length).toBeGreaterThan(200);
});

test('moments have milliseconds and an offset', () => {
  const wrong = new Map<string, string>();
  let right = 0;
  for (const { path, body } of visited) {
    for (const [at, text] of textsIn(body)) {
      if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(text)) continue;
      if (/^[\d-]{10}T[\d:]{8}\.\d{3}\+00:00$/.test(text)) right += 1;
      else wrong.set(at.replace(/\d+/g, 'n'), `${path}: ${text}`);
    }
  }
  expect(Object.fromEntries(wrong)).toEqual({});
  expect(right).toBeGreaterThan(100);
});

test('a task leads to its own artifacts, interruptions and page', async () => {
  const [task] = (await server.get('/api/tasks?name=Deploy&take=2147483647')).body.Items.slice(-1);
  expect(task.Links).toMatchObject({
    Web: `/app#/Spaces-1/tasks/${task.Id}`,
    Artifacts: `/api/Spaces-1/artifacts?regarding=${task.Id}`,
    Interruptions: `/api/Spaces-1/interruptions?regarding=${task.Id}`,
  });
  const [artifact] = (await server.get(task.Links.Artifacts)).body.Items;
  expect(artifact.Filename).toBe('report.txt');
  expect((await server.get(task.Links.Interruptions)).body.TotalResults).toBe(1);
});
