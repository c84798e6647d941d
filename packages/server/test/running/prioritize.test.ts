/** A waiting task that somebody puts before those that wait longer. */
import { describe, expect, it } from 'vitest';
import { fakeWork } from './fake-work.ts';
import { makeProject } from './project-under-test.ts';

const isExecuting = ({ State }: { State: string }) => State === 'Executing';

/** Three deployments that may run one after the other only; the first one runs until it is cancelled. */
async function threeInARow() {
  const server = await fakeWork(() => ({ endless: true }));
  const made = await makeProject(server, [{ name: 'Hang', script: 'true' }]);
  const deploy = async () => (await server.deploy(made.releaseId, made.environmentId)).taskId;
  const running = await deploy();
  await server.task(running, isExecuting);
  const [second, third] = [await deploy(), await deploy()];
  const behind = async (id: string): Promise<string[]> => {
    const { body } = await server.get(`/api/tasks/${id}/queued-behind`);
    return body.Items.map(({ Id }: { Id: string }) => Id).toSorted();
  };
  return { ...server, made, running, second, third, behind };
}

describe('a task that is put first', () => {
  it('begins before those that waited longer, and everybody sees it', async () => {
    await using server = await threeInARow();
    const { running, second, third, behind } = server;
    expect(await behind(third)).toEqual([running, second].toSorted());
    const answer = await server.call('POST', `/api/tasks/${third}/prioritize`);
    expect([answer.status, answer.body.IsPrioritized, answer.body.State]).toEqual([200, true, 'Queued']);
    expect([await behind(third), await behind(second)]).toEqual([[running], [running, third].toSorted()]);
    await server.call('POST', `/api/tasks/${running}/cancel`);
    await server.task(third, isExecuting);
    expect((await server.get(`/api/tasks/${second}`)).body.State).toBe('Queued');
    const { body } = await server.get('/api/events?eventCategories=TaskPrioritized');
    expect(body.Items).toMatchObject([{ RelatedDocumentIds: expect.arrayContaining([third]) }]);
  });

  it('is one that waits: others are refused with the reason', async () => {
    await using server = await threeInARow();
    const refused = await server.call('POST', `/api/tasks/${server.running}/prioritize`);
    expect(refused.status).toBe(409);
    expect(refused.body.ErrorMessage).toContain('is Executing: only a task that waits can be put first');
    const QueueTime = new Date(Date.now() + 3_600_000).toISOString();
    const { releaseId, environmentId } = server.made;
    const { taskId } = await server.deploy(releaseId, environmentId, { QueueTime });
    const tooEarly = await server.call('POST', `/api/tasks/${taskId}/prioritize`);
    expect(tooEarly.status).toBe(409);
    expect(tooEarly.body.ErrorMessage).toContain('is not to begin before');
    expect((await server.get(`/api/tasks/${taskId}`)).body.IsPrioritized).toBeUndefined();
  });
});
