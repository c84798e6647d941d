/** Images that nobody needs are removed from workers: when, by which marks, and what is kept for tasks to come. */
import type { ImageCleanUpReport, ImageCleanUpRules } from '@argonaut/contracts/attempt';
import { describe, expect, it, test } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { BUILT_IN_WORKER } from '../../src/connections/index.ts';
import { ImageCleaner } from '../../src/workers/images/cleaner.ts';
import { marksOf } from '../../src/workers/images/marks.ts';
import { FakeWorker } from '../execution/fake-worker.ts';
import { fakeWork } from './fake-work.ts';
import { makeProject } from './project-under-test.ts';

describe('the setting', () => {
  it.each([
    ['85%/75%', { unit: 'percent', high: 85, low: 75 }],
    [' 90.5 % / 80 % ', { unit: 'percent', high: 90.5, low: 80 }],
    ['50GB/40g', { unit: 'bytes', high: 50 * 1024 ** 3, low: 40 * 1024 ** 3 }],
    ['Off', undefined],
  ])('%j', (setting, marks) => {
    expect(marksOf(setting)).toEqual(marks);
  });

  it.each(['', '85%', '75%/85%', '85%/40GB', '100%/90%', '1/2/3', 'much'])('%j is refused', (setting) => {
    expect(() => marksOf(setting)).toThrow(/does not say when images are removed/);
  });

  it('is one of the server, and complained about at its start', () => {
    expect(readConfig({}).imageCleanUp).toBe('85%/75%');
    expect(() => readConfig({ ARGONAUT_IMAGE_CLEAN_UP: '10%' })).toThrow(/ARGONAUT_IMAGE_CLEAN_UP: "10%"/);
  });
});

class CleanableWorker extends FakeWorker {
  readonly asked: { readonly rules: ImageCleanUpRules; readonly planned: readonly string[] }[] = [];
  report: ImageCleanUpReport = { kind: 'room', level: 10 };

  override async cleanUpImages(...[rules, planned]: [ImageCleanUpRules?, (readonly string[])?]) {
    if (rules !== undefined && planned !== undefined) this.asked.push({ rules, planned });
    return this.report;
  }
}

test('a running task keeps what it has acquired; the marks are those of the server', async () => {
  const worker = new CleanableWorker(() => ({ endless: true }));
  await using server = await fakeWork(undefined, {}, worker);
  const { releaseId, environmentId } = await makeProject(server, [
    { name: 'a', image: 'tool:1', script: 'true' },
  ]);
  const { taskId } = await server.deploy(releaseId, environmentId);
  await server.task(taskId, () => [...worker.attempts.values()].some(({ phase }) => phase === 'go'));
  const cleaner = new ImageCleaner(server.services);
  await cleaner.clean(BUILT_IN_WORKER.id);
  expect(worker.asked).toEqual([
    {
      rules: { marks: { unit: 'percent', high: 85, low: 75 }, minimumAgeMs: 3_600_000 },
      planned: ['tool:1'],
    },
  ]);
  await server.call('POST', `/api/tasks/${taskId}/cancel`);
  await server.task(taskId);
  await cleaner.clean(BUILT_IN_WORKER.id);
  expect(worker.asked[1]?.planned).toEqual([]);
});

test('the policy of a machine counts more than the server; "off" leaves a worker alone', async () => {
  const worker = new CleanableWorker(() => ({}));
  await using server = await fakeWork(undefined, {}, worker);
  const pool = (await server.get('/api/workerpools/all')).body[0].Id;
  const [policy] = (await server.get('/api/machinepolicies/all')).body;
  const change = (ImageCleanUp: string) =>
    server.call('PUT', `/api/machinepolicies/${policy.Id}`, { ...policy, ImageCleanUp });
  const { body } = await server.call('POST', '/api/workers', {
    Name: 'w',
    WorkerPoolIds: [pool],
    Endpoint: { CommunicationStyle: 'None' },
    SkipInitialHealthCheck: true,
  });
  const cleaner = new ImageCleaner(server.services);
  expect((await change('50GB/40GB')).status).toBe(200);
  await cleaner.clean(body.Id);
  expect(worker.asked.map(({ rules }) => rules.marks.unit)).toEqual(['bytes']);
  await change('off');
  await cleaner.clean(body.Id);
  expect(worker.asked).toHaveLength(1);
  expect(await change('rarely')).toMatchObject({ status: 400 });
});
