/** Octopus's own TypeScript client against a running server: it must not notice the difference. */
import {
  type Client,
  checkForCapability,
  EnvironmentRepository,
  EnvironmentV2Repository,
  LifecycleRepository,
  ProjectGroupRepository,
  resolveSpaceId,
  SpaceRepository,
  userGetCurrent,
} from '@octopusdeploy/api-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ClientUnderTest, clientUnderTest } from './client-under-test.ts';

describe('@octopusdeploy/api-client', () => {
  let under: ClientUnderTest;
  let client: Client;
  beforeAll(async () => {
    under = await clientUnderTest();
    client = under.client;
  });
  afterAll(() => under[Symbol.asyncDispose]());

  it('finds the default space by name, and the current user', async () => {
    expect(await resolveSpaceId(client, 'Default')).toBe('Spaces-1');
    await expect(resolveSpaceId(client, 'Nowhere')).rejects.toThrow();
    expect(await userGetCurrent(client)).toMatchObject({ Username: 'admin' });
  });

  it('works in a space of its own, from creation to removal', async () => {
    const spaces = new SpaceRepository(client);
    const me = await userGetCurrent(client);
    const space = await spaces.create({
      Name: 'Client tests',
      IsDefault: false,
      SpaceManagersTeams: [],
      SpaceManagersTeamMembers: [me.Id],
      TaskQueueStopped: false,
    } as never);
    const [environments, newer] = [
      new EnvironmentRepository(client, space.Name),
      new EnvironmentV2Repository(client, space.Name),
    ];
    const made = await environments.create({ Name: 'Dev', AllowDynamicInfrastructure: false } as never);
    expect(await environments.get(made.Id)).toEqual(made);
    const changed = await environments.modify({ ...made, Description: 'changed' });
    expect(changed.Description).toBe('changed');
    expect((await environments.list({ ids: [made.Id], take: 10 })).Items).toHaveLength(1);
    expect((await newer.list({ ids: [made.Id], skip: 0, take: 10 })).Items[0]).toMatchObject({
      Id: made.Id,
      Type: 'Static',
    });

    const lifecycles = new LifecycleRepository(client, space.Name);
    const [first] = (await lifecycles.list({ take: 1 })).Items;
    expect(first?.Name).toBe('Default Lifecycle');
    const lifecycle = await lifecycles.create({
      Name: 'Short',
      Phases: [
        {
          Id: 'test',
          Name: 'Only',
          OptionalDeploymentTargets: [made.Id],
          MinimumEnvironmentsBeforePromotion: 1,
        },
      ],
    } as never);
    expect(lifecycle.Phases[0]).toMatchObject({ Id: 'test', AutomaticDeploymentTargets: [] });
    await lifecycles.del(lifecycle);

    const groups = new ProjectGroupRepository(client, space.Name);
    expect((await groups.list({ take: 1 })).Items[0]?.Name).toBe('Default Project Group');
    const group = await groups.create({ Name: 'Apps' } as never);
    await groups.del(group);
    await environments.del(made);

    await spaces.modify({ ...space, TaskQueueStopped: true });
    await spaces.del({ ...space, TaskQueueStopped: true });
    expect((await spaces.list({ partialName: 'Client tests' })).TotalResults).toBe(0);
  });

  it('learns what the server can do', async () => {
    expect(await checkForCapability(client, 'GetAllSpacesRequest', '2022.3')).toBeNull();
    expect(await checkForCapability(client, 'SomeMadeUpRequest', '2022.3')).toContain('does not support');
  });

  it('gets errors with every complaint in their text', async () => {
    const environments = new EnvironmentRepository(client, 'Default');
    const wrong = environments.create({ Description: 5 } as never);
    await expect(wrong).rejects.toThrow(/Name is required\.[\s\S]*Description must be a text\./);
  });
});
