/** Lifecycles and project groups as clients see them. */
import { describe, expect, it } from 'vitest';
import { testServer } from './support.ts';

describe('lifecycles', () => {
  it('keep phases and their ids as they were written, and fill in the rest', async () => {
    await using server = await testServer();
    await server.call('POST', '/api/Spaces-1/environments', { Name: 'Dev' });
    await server.call('POST', '/api/Spaces-1/environments', { Name: 'Live' });
    const { status, body } = await server.call('POST', '/api/Spaces-1/lifecycles', {
      Name: 'Two steps',
      ReleaseRetentionPolicy: {
        Strategy: 'Count',
        Unit: 'Days',
        QuantityToKeep: 7,
        ShouldKeepForever: false,
      },
      Phases: [
        { Id: 'test', Name: 'Dev', AutomaticDeploymentTargets: ['Environments-1'] },
        { Name: 'Live', OptionalDeploymentTargets: ['Environments-2'], ReleaseRetentionPolicy: null },
      ],
    });
    expect(status).toBe(201);
    expect(body).toMatchObject({
      Slug: 'two-steps',
      Description: '',
      ReleaseRetentionPolicy: { QuantityToKeep: 7, Unit: 'Days' },
      TentacleRetentionPolicy: { ShouldKeepForever: true },
      Phases: [
        {
          Id: 'test',
          OptionalDeploymentTargets: [],
          MinimumEnvironmentsBeforePromotion: 0,
          IsOptionalPhase: false,
        },
        { AutomaticDeploymentTargets: [], ReleaseRetentionPolicy: null },
      ],
    });
    expect(body.Phases[1].Id).toMatch(/^[0-9a-f-]{36}$/);
    expect((await server.call('PUT', body.Links.Self, body)).body).toEqual(body);
  });

  it('list everything that is wrong with their phases', async () => {
    await using server = await testServer();
    await server.call('POST', '/api/Spaces-1/environments', { Name: 'Dev' });
    const { status, body } = await server.call('POST', '/api/Spaces-1/lifecycles', {
      Name: 'Wrong',
      Phases: [
        { Name: 'A', OptionalDeploymentTargets: ['Environments-1', 'Environments-9'] },
        { Name: 'a', OptionalDeploymentTargets: ['Environments-1'], MinimumEnvironmentsBeforePromotion: 2 },
      ],
    });
    expect(status).toBe(400);
    expect(body.Errors).toEqual([
      'The phase "A" names the environment Environments-9, which does not exist.',
      'The environment Environments-1 is in the phase "A" and in another one.',
      'The environment Environments-1 is in the phase "a" and in another one.',
      'Two phases are named "a".',
      'The phase "a" asks for 2 environments before promotion, but has only 1.',
    ]);
  });

  it('without phases have one for each environment, in order; an empty phase takes the rest', async () => {
    await using server = await testServer();
    for (const Name of ['Dev', 'Test', 'Live'])
      await server.call('POST', '/api/Spaces-1/environments', { Name });
    const targets = async (id: string) =>
      (await server.get(`/api/Spaces-1/lifecycles/${id}/preview`)).body.Phases.map(
        (phase: { Name: string; OptionalDeploymentTargets: string[] }) => [
          phase.Name,
          phase.OptionalDeploymentTargets,
        ],
      );
    expect(await targets('Lifecycles-1')).toEqual([
      ['Dev', ['Environments-1']],
      ['Test', ['Environments-2']],
      ['Live', ['Environments-3']],
    ]);
    const { body } = await server.call('POST', '/api/Spaces-1/lifecycles', {
      Name: 'Two',
      Phases: [{ Name: 'First', OptionalDeploymentTargets: ['Environments-2'] }, { Name: 'Rest' }],
    });
    expect(await targets(body.Id)).toEqual([
      ['First', ['Environments-2']],
      ['Rest', ['Environments-1', 'Environments-3']],
    ]);
  });

  it('cannot all be deleted', async () => {
    await using server = await testServer();
    expect((await server.call('DELETE', '/api/Spaces-1/lifecycles/Lifecycles-1')).status).toBe(400);
    await server.call('POST', '/api/Spaces-1/lifecycles', { Name: 'Second' });
    expect((await server.call('DELETE', '/api/Spaces-1/lifecycles/Lifecycles-1')).status).toBe(200);
  });
});

describe('project groups', () => {
  it('are created, renamed and deleted', async () => {
    await using server = await testServer();
    const { status, body } = await server.call('POST', '/api/Spaces-1/projectgroups', { Name: 'Shop' });
    expect([status, body.Slug, body.EnvironmentIds]).toEqual([201, 'shop', []]);
    expect((await server.call('PUT', body.Links.Self, { ...body, Name: 'Store' })).body.Name).toBe('Store');
    expect((await server.call('DELETE', body.Links.Self)).status).toBe(200);
  });
});
