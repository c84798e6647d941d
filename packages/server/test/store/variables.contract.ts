/** Variables on whatever database: what is saved, frozen, resolved and explained is the same on both. */
import { Secret } from '@argonaut/contracts';
import { describe, expect, it } from 'vitest';
import type { Database, KeyRing } from '../../src/database/index.ts';
import { rotateMasterKey } from '../../src/rotation.ts';
import { acceptAnswers, createScope, promptsFor } from '../../src/variables/index.ts';
import { testServer } from '../support.ts';
import { projectIn } from '../variables/project.ts';

const CANARY = 'canary-P0stgres-L1te';

async function serverOn(open: () => Promise<Database>) {
  const database = await open();
  const server = await testServer({ database });
  return {
    server,
    database,
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]();
      await database.close();
    },
  };
}

export function variablesContract(name: string, open: () => Promise<Database>): void {
  describe(`variables on ${name}`, () => {
    it('come back in their order, with every scope and type, and without their secrets', async () => {
      await using setup = await serverOn(open);
      const { server } = setup;
      const { url, environment, action, id } = await projectIn(server);
      const Scope = { Environment: [environment], Role: ['wéb'], Action: [action], ProcessOwner: [id] };
      const variables = [
        { Name: 'Zulu', Value: 'line 1\nline 2\t"quoted" \u{1F419} \\' },
        { Name: 'alpha', Value: '', Scope },
        { Name: 'Alpha', Value: null },
        { Name: 'A[b:c].d', Value: '#{Zulu}', Type: 'WorkerPool' },
        { Name: 'Secret', Value: CANARY, Type: 'Sensitive', IsSensitive: true },
      ];
      const saved = await server.call('PUT', url, { Version: 0, Variables: variables });
      expect(saved.status).toBe(200);
      const { body, raw } = await server.get(url);
      expect(body.Version).toBe(1);
      expect(body.Variables).toMatchObject([...variables.slice(0, 4), { Name: 'Secret', Value: null }]);
      expect(raw.toString()).not.toContain(CANARY);
    });

    it('lie sealed in the database, and open for the step that runs', async () => {
      await using setup = await serverOn(open);
      const { server, database } = setup;
      const fixture = await projectIn(server);
      await server.call('PUT', fixture.url, {
        Variables: [{ Name: 'Secret', Value: CANARY, IsSensitive: true }],
      });
      expect((await fixture.scopeOf(fixture.id)).values.Secret).toBe(CANARY);
      const documents = await database.query.selectFrom('documents').select('document').execute();
      expect(documents.length).toBeGreaterThan(0);
      expect(JSON.stringify(documents)).not.toContain(CANARY);
    });

    it('saved by two at once: one of them is told, and nothing is mixed', async () => {
      await using setup = await serverOn(open);
      const { server } = setup;
      const { url } = await projectIn(server);
      const save = (value: string) =>
        server.call('PUT', url, { Version: 0, Variables: [{ Name: 'By', Value: value }] });
      const replies = await Promise.all([save('one'), save('two')]);
      expect(replies.map(({ status }) => status).toSorted()).toEqual([200, 409]);
      const winner = replies.find(({ status }) => status === 200);
      expect((await server.get(url)).body.Variables).toEqual(winner?.body.Variables);
    });

    it('frozen once per version, and never changed by what is saved later', async () => {
      await using setup = await serverOn(open);
      const { server } = setup;
      const fixture = await projectIn(server);
      const put = (Value: string) =>
        server.call('PUT', fixture.url, {
          Variables: [
            { Name: 'Host', Value },
            { Name: 'S', Value: CANARY, IsSensitive: true },
          ],
        });
      await put('first');
      const [first] = await fixture.snapshots(fixture.id);
      expect(await fixture.snapshots(fixture.id)).toEqual([first]);
      await put('second');
      const [second] = await fixture.snapshots(fixture.id);
      expect(second).not.toBe(first);
      const host = async (set: string | undefined) =>
        (await server.get(`/api/Spaces-1/variables/${set}`)).body.Variables[0].Value;
      expect([await host(first), await host(second)]).toEqual(['first', 'second']);
    });

    it('ask, and keep sealed answers that open again', async () => {
      await using setup = await serverOn(open);
      const { server } = setup;
      const fixture = await projectIn(server);
      await server.call('PUT', fixture.url, {
        Variables: [
          { Name: 'Token', Value: null, IsSensitive: true, Prompt: { Label: 'The token', Required: true } },
        ],
      });
      const question = {
        space: 'Spaces-1',
        snapshots: await fixture.snapshots(fixture.id),
        place: { project: fixture.id, process: fixture.id },
      };
      expect(await promptsFor(server.services, question)).toMatchObject([
        { label: 'The token', value: null },
      ]);
      const answers = await acceptAnswers(server.services, {
        ...question,
        owner: 'Deployments-1',
        given: { 'The token': CANARY },
      });
      expect(JSON.stringify(answers)).not.toContain(CANARY);
      expect((await fixture.scopeOf(fixture.id, { answers })).values.Token).toBe(CANARY);
    });

    it('explain which value wins, one in a set of many', async () => {
      await using setup = await serverOn(open);
      const { server } = setup;
      const { url, environment } = await projectIn(server);
      const many = Array.from({ length: 2_000 }, (_, i) => ({ Name: `Setting${i}`, Value: `${i}` }));
      await server.call('PUT', url, {
        Variables: [...many, { Name: 'Setting7', Value: 'here', Scope: { Environment: [environment] } }],
      });
      const { body } = await server.get(
        `/api/argonaut/Spaces-1/variables/evaluate?project=Shop&environment=Production&name=setting7`,
      );
      expect(body.Variables).toMatchObject([
        { Value: 'here', Winner: { Rank: 'environment' }, Losers: [{ Value: '7' }] },
      ]);
    });

    it('stay readable under a new master key, and not under the old one', async () => {
      await using setup = await serverOn(open);
      const { server, database } = setup;
      const fixture = await projectIn(server);
      await server.call('PUT', fixture.url, {
        Variables: [{ Name: 'Secret', Value: CANARY, IsSensitive: true }],
      });
      const snapshots = await fixture.snapshots(fixture.id);
      const { keys: old } = server.services;
      const next = new Secret(Buffer.alloc(32, 9).toString('base64'));
      const { keys } = await rotateMasterKey({ ...server.services, keys: old }, next);
      const secretsWith = async (ring: KeyRing) => {
        const system = { space: { id: 'Spaces-1', name: 'Default' } };
        const input = { space: 'Spaces-1', snapshots, place: {}, system, nowMs: 0 };
        const { secrets } = await createScope({ database, keys: ring }, input);
        return secrets.map(({ value }) => value.reveal());
      };
      expect(await secretsWith(keys)).toEqual([CANARY]);
      await expect(secretsWith(old)).rejects.toThrow(/secret|key/i);
    });
  });
}
