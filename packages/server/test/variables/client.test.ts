/** A variable set with every scope and a secret, there and back through Octopus's own TypeScript client. */
import { SCOPE_FIELDS } from '@argonaut/contracts/rest';
import {
  type Client,
  isSensitiveValue,
  NewSensitiveValue,
  ProjectRepository,
} from '@octopusdeploy/api-client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ClientUnderTest, clientUnderTest } from '../client-under-test.ts';

const PATH = '~/api/{spaceId}/variables{/id}';
const CANARY = 'canary of the client';

interface SetOfVariables {
  Version: number;
  Variables: { Id: string; Name: string; Value: string | null; Scope: Record<string, string[]> }[];
  ScopeValues: Record<string, { Id: string; Name: string }[]>;
}

let under: ClientUnderTest;
let client: Client;
beforeAll(async () => {
  under = await clientUnderTest();
  client = under.client;
});
afterAll(() => under[Symbol.asyncDispose]());

it('what was written comes back, and the secret does not', async () => {
  const project = await new ProjectRepository(client, 'Default').create({
    Name: 'Shop',
    ProjectGroupId: 'ProjectGroups-1',
    LifecycleId: 'Lifecycles-1',
  } as never);
  const args = { spaceName: 'Default', id: `variableset-${project.Id}` };
  const read = () => client.request<SetOfVariables>(PATH, args);
  const write = (set: SetOfVariables) =>
    client.doUpdate<SetOfVariables>(PATH, { ...set, spaceName: 'Default' }, args);

  const empty = await read();
  const scoped = (Name: string, Value: unknown, Scope = {}, more = {}) => ({
    Id: '',
    Name,
    Value,
    Description: '',
    Type: 'String',
    IsSensitive: false,
    IsEditable: true,
    Prompt: null,
    Scope,
    ...more,
  });
  const Channel = empty.ScopeValues.Channels?.map(({ Id }) => Id) ?? [];
  const sensitive = { Type: 'Sensitive', IsSensitive: true };
  const asked = {
    Label: 'Which?',
    Description: 'One',
    Required: true,
    DisplaySettings: { 'Octopus.ControlType': 'SingleLineText' },
  };
  const every = {
    Environment: ['Environments-1', 'Environments-2'],
    Machine: ['Machines-1'],
    Role: ['web-server'],
    Action: ['4f5c1d5e-0000-4000-8000-000000000001'],
    Channel,
    Tenant: ['Tenants-1'],
    TenantTag: ['Ring/Early'],
    ProcessOwner: [project.Id],
    Project: [project.Id],
  };
  expect(Object.keys(every).toSorted()).toEqual(SCOPE_FIELDS.toSorted());
  const Variables = [
    scoped('Plain', 'value'),
    scoped('Everywhere', 'x', every),
    ...Object.entries(every).map(([kind, ids]) => scoped('By kind', `for ${kind}`, { [kind]: ids })),
    ...Object.entries(every).map(([kind, ids]) =>
      scoped('Secret by kind', CANARY, { [kind]: ids }, sensitive),
    ),
    scoped('Secret', CANARY, {}, sensitive),
    scoped('Secret', NewSensitiveValue(CANARY), { Channel }, sensitive),
    scoped('Pool', 'WorkerPools-1', {}, { Type: 'WorkerPool' }),
    scoped('Asked', 'default', {}, { Prompt: asked }),
  ];
  expect(isSensitiveValue(NewSensitiveValue(CANARY))).toBe(true);
  const saved = await write({ ...empty, Variables } as never);
  const hidden = Variables.map((one) => ({ ...one, Value: one.IsSensitive ? null : one.Value }));
  expect(saved.Variables).toEqual(
    hidden.map((one) => ({ ...one, Id: expect.stringMatching(/^[0-9a-f-]{36}$/) })),
  );
  expect(JSON.stringify(saved)).not.toContain(CANARY);

  const again = await read();
  expect(again.Variables).toEqual(saved.Variables);
  const unchanged = await write(again);
  expect(unchanged.Variables).toEqual(again.Variables);
  expect(unchanged.Version).toBe(again.Version + 1);
  await expect(write(again)).rejects.toThrow(/saved by somebody else/);
});
