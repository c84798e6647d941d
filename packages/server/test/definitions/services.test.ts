/** `Argonaut.Action.Container.Services`: from JSON to the typed process, and what is told when it cannot be read. */
import { describe, expect, it } from 'vitest';
import type { StoredStep } from '../../src/processes/queries.ts';
import { toProcessSnapshot } from '../../src/processes/typed.ts';

function read(services: unknown, image: string | null = 'node:22') {
  const step: StoredStep = {
    Id: 'step-1',
    Name: 'Step',
    Properties: {},
    Actions: [
      {
        Id: 'action-1',
        Name: 'Step',
        ActionType: 'Octopus.Script',
        Packages: [],
        ...(image === null ? {} : { Container: { Image: image } }),
        Properties: {
          'Octopus.Action.Script.Syntax': 'Sh',
          'Octopus.Action.Script.ScriptBody': 'true',
          'Argonaut.Action.Container.Services':
            typeof services === 'string' ? services : JSON.stringify(services),
        },
      },
    ],
  };
  return toProcessSnapshot([step]).steps[0]?.actions[0];
}

describe('services', () => {
  it('in full', () => {
    const action = read([
      {
        name: 'db',
        image: 'postgres:#{V}',
        feed: 'Feeds-1',
        pull: 'never',
        args: ['-c', 'fsync=off'],
        env: { PORT: 5432, PASSWORD: '#{P}' },
        user: '999',
        limits: { memory: '256m', cpus: 0.5 },
        health: { run: 'pg_isready', interval: '500ms', timeout: 5, retries: 9, deadline: '1m' },
        grace: '10s',
        log: 'always',
      },
    ]);
    expect(action?.services).toEqual([
      {
        name: 'db',
        container: { image: 'postgres:#{V}', feed: 'Feeds-1' },
        pull: 'never',
        arguments: ['-c', 'fsync=off'],
        environment: { PORT: '5432', PASSWORD: '#{P}' },
        user: '999',
        limits: { memoryBytes: 256 * 1024 * 1024, cpus: 0.5 },
        health: {
          check: { kind: 'shell', line: 'pg_isready' },
          intervalMs: 500,
          timeoutMs: 5_000,
          retries: 9,
          deadlineMs: 60_000,
        },
        graceMs: 10_000,
        log: 'always',
      },
    ]);
  });

  it.each([
    ['not JSON', 'must be a JSON array of services'],
    [[{ name: 'db' }], 'must be a JSON array of services'],
    [[{ name: 'Data Base', image: 'x' }], 'must be a JSON array of services'],
    [[{ name: 'db', image: 'x', ports: [1] }], 'must be a JSON array of services'],
    [
      [
        { name: 'db', image: 'x' },
        { name: 'db', image: 'y' },
      ],
      'Two services are named "db"',
    ],
    [[{ name: 'db', image: 'x', health: { port: 1, run: 'y' } }], 'more than one way'],
  ])('%j are a complaint of the step', (services, complaint) => {
    expect(read(services)?.run).toMatchObject({
      kind: 'Unsupported',
      reason: expect.stringContaining(complaint),
    });
  });

  it('need an image of the step', () => {
    expect(read([{ name: 'db', image: 'x' }], null)?.run).toMatchObject({
      reason: expect.stringContaining('no image of its own'),
    });
  });
});
