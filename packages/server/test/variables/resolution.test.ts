/** What the variables of a deployment come to: every scope through the server, snapshots, prompts, system variables. */
import { describe, expect, it } from 'vitest';
import {
  acceptAnswers,
  createScope,
  type Place,
  promptsFor,
  snapshotVariables,
} from '../../src/variables/index.ts';
import { testServer } from '../support.ts';
import { actionWith, NOW, projectIn } from './project.ts';

type Fixture = Awaited<ReturnType<typeof projectIn>>;
type Scope = Record<string, string[]>;

describe('the scope of a variable, as the wire spells it', () => {
  const place = ({ id, environment }: Fixture): Place => ({
    project: id,
    process: id,
    environment,
    channel: 'Channels-1',
    tenant: 'Tenants-1',
    tenantTags: ['Ring/Early'],
    machine: 'Machines-1',
    machineRoles: ['Web'],
  });

  /** Most specific first: each beats all that follow. */
  const ranks: [name: string, scope: (fixture: Fixture) => Scope][] = [
    ['step', ({ action }) => ({ Action: [action] })],
    ['machine', () => ({ Machine: ['Machines-1'] })],
    ['tag of the machine', () => ({ Role: ['web'] })],
    ['tenant', () => ({ Tenant: ['Tenants-1'] })],
    ['tenant tag', () => ({ TenantTag: ['ring/early'] })],
    ['environment', ({ environment }) => ({ Environment: ['Environments-77', environment] })],
    ['channel', () => ({ Channel: ['Channels-1'] })],
    ['process', ({ id }) => ({ ProcessOwner: [id] })],
    ['project', ({ id }) => ({ Project: [id] })],
    ['none', () => ({})],
  ];

  it.each(ranks.map(([name], index) => [name, index] as const))(
    '%s beats what is less specific',
    async (name, index) => {
      await using server = await testServer();
      const fixture = await projectIn(server);
      const weaker = ranks
        .slice(index)
        .map(([rank, scope]) => ({ Name: 'V', Value: rank, Scope: scope(fixture) }));
      await server.call('PUT', fixture.url, { Variables: weaker.reverse() });
      const { values } = await fixture.scopeOf(fixture.id, { place: place(fixture) });
      expect(values.V).toBe(name);
    },
  );

  it.each(ranks.slice(0, -1))('%s: elsewhere the variable does not exist', async (_name, scope) => {
    await using server = await testServer();
    const fixture = await projectIn(server);
    const Scope = scope(fixture);
    await server.call('PUT', fixture.url, { Variables: [{ Name: 'V', Value: 'here', Scope }] });
    const { values } = await fixture.scopeOf(fixture.id, {
      place: {
        project: 'Projects-9',
        process: 'Runbooks-9',
        environment: 'Environments-9',
        channel: 'Channels-9',
      },
      action: 'another',
    });
    expect('V' in values).toBe(false);
  });

  it('that this server does not know never applies', async () => {
    await using server = await testServer();
    const fixture = await projectIn(server);
    const Variables = [{ Name: 'V', Value: 'x', Scope: { Planet: ['Mars'] } }];
    await server.call('PUT', fixture.url, { Variables });
    expect('V' in (await fixture.scopeOf(fixture.id)).values).toBe(false);
  });

  it('by runbook holds in its runs and not in deployments', async () => {
    await using server = await testServer();
    const fixture = await projectIn(server);
    const Variables = [{ Name: 'V', Value: 'runbook', Scope: { ProcessOwner: [fixture.runbook] } }];
    await server.call('PUT', fixture.url, { Variables });
    const run = await fixture.scopeOf(fixture.id, { place: { process: fixture.runbook } });
    expect(run.values.V).toBe('runbook');
    expect('V' in (await fixture.scopeOf(fixture.id)).values).toBe(false);
  });

  it('by environment and tag together beats the tag alone', async () => {
    await using server = await testServer();
    const fixture = await projectIn(server);
    const both = { Environment: [fixture.environment], Role: ['Web'] };
    const Variables = [
      { Name: 'V', Value: 'tag', Scope: { Role: ['Web'] } },
      { Name: 'v', Value: 'both', Scope: both },
    ];
    await server.call('PUT', fixture.url, { Variables });
    expect((await fixture.scopeOf(fixture.id, { place: place(fixture) })).values.v).toBe('both');
  });
});

describe('library sets', () => {
  const library = async (server: Awaited<ReturnType<typeof testServer>>, fixture: Fixture) => {
    const made = await server.call('POST', '/api/Spaces-1/libraryvariablesets', { Name: 'Shared' });
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({
      ContentType: 'Variables',
      VariableSetId: `variableset-${made.body.Id}`,
    });
    const url = `/api/Spaces-1/variables/${made.body.VariableSetId}`;
    await server.call('PUT', url, {
      Variables: [
        { Name: 'Both', Value: 'library' },
        { Name: 'Shared', Value: 'yes' },
        { Name: 'Key', Value: 'sensitive of the library', IsSensitive: true },
      ],
    });
    await server.call('PUT', fixture.url, { Variables: [{ Name: 'Both', Value: 'project' }] });
    return made.body;
  };
  const include = async (server: Awaited<ReturnType<typeof testServer>>, id: string, sets: string[]) => {
    const project = (await server.get(`/api/Spaces-1/projects/${id}`)).body;
    return server.call('PUT', `/api/Spaces-1/projects/${id}`, {
      ...project,
      IncludedLibraryVariableSetIds: sets,
    });
  };

  it('count only when they are included, and behind the project’s own', async () => {
    await using server = await testServer();
    const fixture = await projectIn(server);
    const { Id } = await library(server, fixture);
    expect((await fixture.scopeOf(fixture.id)).values).not.toHaveProperty('Shared');
    await include(server, fixture.id, [Id]);
    const { values, sensitive } = await fixture.scopeOf(fixture.id);
    expect(values).toMatchObject({ Both: 'project', Shared: 'yes', Key: 'sensitive of the library' });
    expect(sensitive.has('Key')).toBe(true);
  });

  it('are not deleted while a project includes them, and say who does', async () => {
    await using server = await testServer();
    const fixture = await projectIn(server);
    const { Id, VariableSetId } = await library(server, fixture);
    await include(server, fixture.id, [Id]);
    const url = `/api/Spaces-1/libraryvariablesets/${Id}`;
    expect((await server.get(`${url}/usages`)).body.Projects).toMatchObject([{ ProjectName: 'Shop' }]);
    const refused = await server.call('DELETE', url);
    expect([refused.status, refused.body.ErrorMessage]).toEqual([400, expect.stringContaining('"Shop"')]);
    const frozen = await fixture.snapshots(fixture.id);
    await include(server, fixture.id, []);
    expect((await server.call('DELETE', url)).status).toBe(200);
    expect((await server.get(`/api/Spaces-1/variables/${VariableSetId}`)).status).toBe(404);
    expect((await server.get(`/api/Spaces-1/variables/${frozen[1]}`)).status).toBe(200);
  });

  it('of another space cannot be included', async () => {
    await using server = await testServer();
    const fixture = await projectIn(server);
    await server.call('POST', '/api/spaces', { Name: 'Other', SpaceManagersTeamMembers: ['Users-1'] });
    const foreign = await server.call('POST', '/api/Spaces-2/libraryvariablesets', { Name: 'Foreign' });
    const reply = await include(server, fixture.id, [foreign.body.Id]);
    expect([reply.status, reply.body.ErrorMessage]).toEqual([400, expect.stringContaining(foreign.body.Id)]);
    const sets = [foreign.body.VariableSetId];
    await expect(snapshotVariables(server.services, 'Spaces-1', sets)).rejects.toThrow('not found');
  });

  it('are listed by the kind of their content', async () => {
    await using server = await testServer();
    await server.call('POST', '/api/Spaces-1/libraryvariablesets', { Name: 'A' });
    await server.call('POST', '/api/Spaces-1/libraryvariablesets', {
      Name: 'B',
      ContentType: 'ScriptModule',
    });
    const list = await server.get('/api/Spaces-1/libraryvariablesets?contentType=ScriptModule');
    expect(list.body.Items.map(({ Name }: { Name: string }) => Name)).toEqual(['B']);
  });
});

describe('a snapshot', () => {
  it('keeps what was, is read by its id, cannot be changed, and is shared until something is saved', async () => {
    await using server = await testServer();
    const { id, url, snapshots } = await projectIn(server);
    await server.call('PUT', url, { Variables: [{ Name: 'A', Value: 'old' }] });
    const [first] = await snapshots(id);
    expect(await snapshots(id)).toEqual([first]);
    expect(first).toMatch(new RegExp(`^variableset-${id}-s-1-[A-Z]{5}$`));
    await server.call('PUT', url, { Variables: [{ Name: 'A', Value: 'new' }] });
    const [second] = await snapshots(id);
    expect(second).not.toBe(first);
    const frozen = await server.get(`/api/Spaces-1/variables/${first}`);
    expect(frozen.body.Variables).toMatchObject([{ Name: 'A', Value: 'old' }]);
    const changed = await server.call('PUT', `/api/Spaces-1/variables/${first}`, frozen.body);
    expect([changed.status, changed.body.ErrorMessage]).toEqual([400, expect.stringContaining('snapshot')]);
    const listed = (await server.get('/api/Spaces-1/variables/all')).body;
    expect(listed.map(({ Id }: { Id: string }) => Id)).toEqual([`variableset-${id}`]);
  });

  it('holds secrets that open only there', async () => {
    await using server = await testServer();
    const { id, url, snapshots } = await projectIn(server);
    await server.call('PUT', url, { Variables: [{ Name: 'K', Value: 'hidden text', IsSensitive: true }] });
    const [snapshot = ''] = await snapshots(id);
    const rows = await server.services.database.query
      .selectFrom('documents')
      .select(['id', 'document'])
      .where('kind', '=', 'VariableSets')
      .execute();
    const sealedIn = new Map(rows.map((row) => [row.id, JSON.parse(row.document).Variables[0]]));
    const [live, frozen] = [sealedIn.get(`variableset-${id}`), sealedIn.get(snapshot)];
    expect(frozen.Value.sealed).not.toBe(live.Value.sealed);
    const open = (set: string) =>
      server.services.keys
        .open(frozen.Value.sealed, { kind: 'VariableSets', id: set, field: frozen.Id })
        .reveal();
    expect(open(snapshot)).toBe('hidden text');
    expect(() => open(`variableset-${id}`)).toThrow('belongs to another record');
  });

  it('goes with its project', async () => {
    await using server = await testServer();
    const { id, snapshots } = await projectIn(server);
    const [snapshot] = await snapshots(id);
    await server.call('DELETE', `/api/Spaces-1/projects/${id}`);
    expect((await server.get(`/api/Spaces-1/variables/${snapshot}`)).status).toBe(404);
  });
});

describe('prompts', () => {
  const variables = [
    { Name: 'Zone', Value: 'eu', Prompt: { Label: 'B: zone', Required: true } },
    { Name: 'Token', IsSensitive: true, Prompt: { Label: 'A: token', Required: true } },
    { Name: 'Note', Value: '', Prompt: { Required: false } },
    { Name: 'Elsewhere', Value: '', Scope: { Environment: ['Environments-9'] }, Prompt: { Required: true } },
  ];
  const asked = async (server: Awaited<ReturnType<typeof testServer>>) => {
    const fixture = await projectIn(server);
    await server.call('PUT', fixture.url, { Variables: variables });
    const place = { project: fixture.id, process: fixture.id, environment: fixture.environment };
    return {
      fixture,
      question: { space: 'Spaces-1', snapshots: await fixture.snapshots(fixture.id), place },
    };
  };

  it('ask for what holds in this place, by label, and show no secret', async () => {
    await using server = await testServer();
    const { question } = await asked(server);
    expect(await promptsFor(server.services, question)).toMatchObject([
      { label: 'A: token', sensitive: true, value: null, required: true },
      { label: 'B: zone', value: 'eu', required: true },
      { label: 'Note', required: false },
    ]);
  });

  it('do not ask where a definition without a prompt holds', async () => {
    await using server = await testServer();
    const { id, url, environment, action, snapshots } = await projectIn(server);
    const Prompt = { Required: true };
    await server.call('PUT', url, {
      Variables: [
        { Name: 'Fixed', Value: '', Prompt },
        { Name: 'FIXED', Value: 'here', Scope: { Environment: [environment] } },
        { Name: 'OfOneStep', Value: '', Prompt },
        { Name: 'OfOneStep', Value: 'there', Scope: { Action: [action] } },
      ],
    });
    const ask = async (place: Place) =>
      (await promptsFor(server.services, { space: 'Spaces-1', snapshots: await snapshots(id), place })).map(
        ({ name }) => name,
      );
    const place = { project: id, process: id };
    expect(await ask({ ...place, environment })).toEqual(['OfOneStep']);
    expect(await ask(place)).toEqual(['Fixed', 'OfOneStep']);
  });

  it('refuse to start without what is required, naming all of it', async () => {
    await using server = await testServer();
    const { question } = await asked(server);
    const answers = acceptAnswers(server.services, {
      ...question,
      owner: 'Deployments-1',
      given: { Zone: ' ' },
    });
    await expect(answers).rejects.toMatchObject({
      kind: 'Invalid',
      errors: [expect.stringContaining('"B: zone"'), expect.stringContaining('"A: token"')],
    });
  });

  it('take answers by name or label, seal those to sensitive ones, and give them to the steps', async () => {
    await using server = await testServer();
    const { fixture, question } = await asked(server);
    const answers = await acceptAnswers(server.services, {
      ...question,
      owner: 'Deployments-1',
      given: { zone: 'us', 'A: token': 'told in confidence', Unknown: 'passed over' },
    });
    expect(JSON.stringify(answers)).not.toContain('confidence');
    const { values, scope } = await fixture.scopeOf(fixture.id, { place: question.place, answers });
    expect(values).toMatchObject({ Zone: 'us', Token: 'told in confidence', Note: '' });
    expect(scope.secrets.map(({ value }) => value.reveal())).toEqual(['told in confidence']);
  });
});

describe('the scope of a task', () => {
  it('names every secret, as written and as it evaluates, and warns of those that cannot be masked', async () => {
    await using server = await testServer();
    const { id, url, scopeOf } = await projectIn(server);
    await server.call('PUT', url, {
      Variables: [
        { Name: 'Password', Value: 'pw-#{Suffix}', IsSensitive: true },
        { Name: 'Suffix', Value: '12345' },
        { Name: 'Pin', Value: '123', IsSensitive: true },
        { Name: 'OfAStep', Value: 'only of another step', IsSensitive: true, Scope: { Action: ['other'] } },
      ],
    });
    const { scope, values } = await scopeOf(id);
    expect(values).not.toHaveProperty('OfAStep');
    const secrets = scope.secrets.map(({ name, value }) => [name, value.reveal()]);
    expect(secrets).toEqual([
      ['Password', 'pw-#{Suffix}'],
      ['Password', 'pw-12345'],
      ['Pin', '123'],
      ['OfAStep', 'only of another step'],
    ]);
    expect(scope.warnings).toEqual([expect.stringContaining('"Pin"')]);
    expect(scope.warnings.join()).not.toContain('123');
  });

  it('warns of definitions that are equal, unless it is told not to', async () => {
    await using server = await testServer();
    const { id, url, scopeOf } = await projectIn(server);
    const twice = [
      { Name: 'A', Value: 'first' },
      { Name: 'a', Value: 'second' },
    ];
    await server.call('PUT', url, { Variables: twice });
    const { scope, values } = await scopeOf(id);
    expect(values.A).toBe('first');
    expect(scope.warnings).toEqual([expect.stringContaining('"A"')]);
    const quiet = { Name: 'OctopusSuppressDuplicateVariableWarning', Value: 'True' };
    await server.call('PUT', url, { Variables: [...twice, quiet] });
    expect((await scopeOf(id)).scope.warnings).toEqual([]);
  });

  it('lets nobody redefine what the server knows', async () => {
    await using server = await testServer();
    const { id, url, scopeOf } = await projectIn(server);
    await server.call('PUT', url, {
      Variables: [{ Name: 'Octopus.Project.Name', Value: 'not it', IsSensitive: true }],
    });
    const { values, sensitive } = await scopeOf(id);
    expect(values['Octopus.Project.Name']).toBe('Shop');
    expect(sensitive.has('Octopus.Project.Name')).toBe(false);
  });

  it('says what is gone when a snapshot is', async () => {
    await using server = await testServer();
    const input = { space: 'Spaces-1', snapshots: ['variableset-X-s-1-ABCDE'], place: {}, nowMs: NOW };
    const scope = createScope(server.services, {
      ...input,
      system: { space: { id: 'Spaces-1', name: 'D' } },
    });
    await expect(scope).rejects.toThrow('"variableset-X-s-1-ABCDE" does not exist');
  });

  it('holds 100,000 variables in names that differ only by case, with brackets and colons', async () => {
    await using server = await testServer();
    const { id, url, scopeOf, action } = await projectIn(server);
    const Variables = Array.from({ length: 100_000 }, (_, index) => ({
      Name: `${index % 2 === 0 ? 'Name' : 'NAME'}[${index >> 1}]:x`,
      Value: String(index),
    }));
    const saved = await server.call('PUT', url, { Version: 0, Variables });
    expect(saved.status).toBe(200);
    expect(saved.body.Warnings.length).toBeLessThan(300);
    const { values, scope } = await scopeOf(id);
    expect(values['Name[49999]:x']).toBe('99998');
    expect(scope.variables(actionWith(action), { id: '', name: '' })).toBe(values);
  }, 300_000);
});
