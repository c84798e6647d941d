/** What is known of images, also where the engine keeps silent. */
import { Invalid } from '@argonaut/contracts';
import { expect, test } from 'vitest';
import type { ContainerConfig, Engine, ImageDetails, ProgramSettings } from '../ports/engine.ts';
import { ImageKnowledge } from './knowledge.ts';

const signal = AbortSignal.timeout(60_000);
const nothing: ProgramSettings = { entrypoint: [], cmd: [], user: '', workingDir: '', env: [], volumes: [] };
const silent: ImageDetails = {
  ...nothing,
  id: 'sha256:1',
  repoTags: [],
  repoDigests: [],
  os: '',
  architecture: '',
  sizeBytes: 1,
};

/** An engine that has one image, of which only containers know anything. */
function engineWith(settings: ProgramSettings) {
  const created: ContainerConfig[] = [];
  const left = new Set<string>();
  const engine = {
    inspectImage: async () => silent,
    createContainer: async (_: string, config: ContainerConfig) => {
      const command = config.Cmd ?? [...settings.entrypoint, ...settings.cmd];
      if (!Array.isArray(command) || command.length === 0) throw new Invalid('no command specified');
      created.push(config);
      left.add('c1');
      return { id: 'c1' };
    },
    inspectContainer: async () => ({ settings: { ...settings, cmd: created.at(-1)?.Cmd ?? settings.cmd } }),
    removeContainer: async (id: string) => {
      left.delete(id);
    },
  } as unknown as Engine;
  return { engine, created, left };
}

test('a container tells, once, what the engine does not say of an image; nothing of it is left', async () => {
  const settings = { ...nothing, entrypoint: ['/bin/echo'], cmd: ['hello'], user: '4242', env: ['A=b'] };
  const { engine, created, left } = engineWith(settings);
  const knowledge = new ImageKnowledge(engine, { 'argonaut.server': 'here' });
  expect(await knowledge.details('image', signal)).toMatchObject(settings);
  knowledge.remember('image', silent);
  expect(await knowledge.details('image', signal)).toMatchObject(settings);
  expect(knowledge.known('image')).toMatchObject(settings);
  expect(created).toEqual([{ Image: 'image', Labels: { 'argonaut.server': 'here' } }]);
  expect(left.size).toBe(0);
});

test('of an image without a program the container needs one, which is not told', async () => {
  const settings = { ...nothing, user: 'app' };
  const { engine, left } = engineWith(settings);
  expect(await new ImageKnowledge(engine).details('image', signal)).toMatchObject(settings);
  expect(left.size).toBe(0);
});

test('an engine that says something is believed', async () => {
  const { engine, created } = engineWith(nothing);
  const knowledge = new ImageKnowledge(engine);
  knowledge.remember('image', { ...silent, env: ['PATH=/bin'] });
  expect((await knowledge.details('image', signal)).env).toEqual(['PATH=/bin']);
  expect(created).toEqual([]);
});

test('what a container has told of a name is of that content: another one under the name is asked anew', async () => {
  const first = engineWith({ ...nothing, user: 'app' });
  const knowledge = new ImageKnowledge(first.engine);
  expect((await knowledge.details('ours:1', signal)).user).toBe('app');
  knowledge.remember('ours:1', silent);
  expect(knowledge.known('ours:1')?.user).toBe('app');
  knowledge.remember('ours:1', { ...silent, id: 'sha256:2', user: 'other' });
  expect((await knowledge.details('ours:1', signal)).user).toBe('other');
});
