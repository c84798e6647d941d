/** What it may cost to show variables: all of a request together, and never long at a stretch. */
import { describe, expect, it } from 'vitest';
import { printedVariables } from '../../src/execution/variable-notes.ts';
import { Turns } from '../../src/variables/costs.ts';
import { evaluateAs } from '../../src/variables/evaluation.ts';
import type { StoredVariable, VariableSet } from '../../src/variables/queries.ts';
import { testServer } from '../support.ts';
import { NOW, projectIn } from './project.ts';

const list = Array.from({ length: 1000 }, (_, index) => index).join(',');
const LOOP = '#{each a in List}#{each b in List}#{each c in List}#{a}#{/each}#{/each}#{/each}';
const costly = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ Name: `Costly${index}`, Value: LOOP }));

const stored = (variables: readonly { readonly Name: string; readonly Value: string }[]) => {
  const document: VariableSet = {
    OwnerId: 'Projects-1',
    Version: 1,
    LastSnapshotId: null,
    Variables: variables.map(
      (one, index): StoredVariable => ({
        ...one,
        Id: `${index}`,
        Type: 'String',
        IsSensitive: false,
        Scope: {},
      }),
    ),
  };
  return { id: 'variableset-Projects-1', spaceId: 'Spaces-1', document } as never;
};
const place = { context: {}, accounts: new Map() };
const around = { settings: {}, secretSettings: [], system: {}, late: [] };

describe('evaluate as', () => {
  it('works out what it can pay, and says of the rest that it is too costly', async () => {
    await using server = await testServer();
    const { url } = await projectIn(server);
    const Variables = [{ Name: 'List', Value: list }, ...costly(20), { Name: 'Plain', Value: 'text' }];
    await server.call('PUT', url, { Variables });
    const reply = await server.get('/api/argonaut/Spaces-1/variables/evaluate?project=Shop');
    const found = new Map(reply.body.Variables.map((one: { Name: string }) => [one.Name, one]));
    expect(found.size).toBe(22);
    expect(found.get('Plain')).toMatchObject({ Value: 'text', Error: null });
    for (const { Name } of costly(20)) {
      expect(found.get(Name)).toMatchObject({
        Value: null,
        Error: expect.stringContaining('Not worked out: too costly.'),
      });
    }
  });

  it('gives way by the time that has passed, and ends when nobody waits any more', async () => {
    const gone = new AbortController();
    let asked = 0;
    // A clock on which every look at it costs a whole turn.
    const clock = () => {
      asked++;
      if (asked === 5) gone.abort(new Error('gone away'));
      return asked * 20;
    };
    const many = Array.from({ length: 50 }, (_, index) => ({ Name: `V${index}`, Value: 'x' }));
    const where = { ...place, around, sets: [stored(many)] };
    const work = evaluateAs(where, { now: () => new Date(NOW), clock, signal: gone.signal });
    await expect(work).rejects.toThrow('gone away');
    expect(asked).toBeLessThan(10);
  });
});

describe('a turn', () => {
  it('is over after 20 milliseconds, and lets others run', async () => {
    let time = 0;
    const turns = new Turns(() => time);
    time = 19;
    expect(turns.isOver).toBe(false);
    time = 20;
    expect(turns.isOver).toBe(true);
    let ran = false;
    setImmediate(() => {
      ran = true;
    });
    await turns.next();
    expect([ran, turns.isOver]).toEqual([true, false]);
  });
});

describe('the secrets of a task', () => {
  it('that are too costly to work out ahead are hidden as they are written, with a warning', async () => {
    await using server = await testServer();
    const { id, url, scopeOf } = await projectIn(server);
    const secrets = costly(3).map((one) => ({ ...one, IsSensitive: true }));
    await server.call('PUT', url, { Variables: [{ Name: 'List', Value: list }, ...secrets] });
    const { scope } = await scopeOf(id);
    expect(scope.secrets.map(({ value }) => value.reveal())).toEqual([LOOP, LOOP, LOOP]);
    expect(scope.warnings).toEqual(
      ['Costly0', 'Costly1', 'Costly2'].map((name) => expect.stringContaining(`"${name}"`)),
    );
  });
});

describe('variables printed into a log', () => {
  it('are worked out as far as that can be paid', () => {
    const values = {
      OctopusPrintEvaluatedVariables: 'True',
      List: list,
      Other: 'x',
      ...Object.fromEntries(costly(20).map(({ Name, Value }) => [Name, Value])),
    };
    const text = printedVariables(values, new Set(), NOW).at(-1)?.message ?? '';
    expect(text.match(/not worked out: too costly/gi)).toHaveLength(20);
    expect(text).toContain("[Other] = 'x'");
  });
});
