/** How bodies and queries are read by their schema. Random cases print their seed; ARGONAUT_SEED repeats them. */
import { Invalid } from '@argonaut/contracts';
import {
  Dictionary,
  Name,
  Nullable,
  OneOf,
  Optional,
  PropertyValue,
  QueryList,
  RequiredReference,
} from '@argonaut/contracts/rest';
import { Type } from 'typebox';
import { describe, expect, it } from 'vitest';
import { readBody, readQuery } from '../src/http/read.ts';

const Step = Type.Object({
  Name: Type.String(),
  Properties: Optional(Dictionary(PropertyValue)),
  Condition: Optional(OneOf(['Success', 'Always'], { default: 'Success' })),
  Container: Optional(Nullable(Type.Object({ Image: Optional(Nullable(Type.String())) }))),
});
const Process = Type.Object({ Version: Type.Integer(), Steps: Optional(Type.Array(Step, { default: [] })) });

const sample = {
  Version: 3,
  Steps: [
    {
      Name: 'Say hello',
      Properties: {
        'Octopus.Action.RunOnServer': 'true',
        secret: { HasValue: true, NewValue: 'x', Hint: 'y' },
      },
      Condition: 'Always',
      Container: { Image: 'alpine:3' },
    },
  ],
};

/** mulberry32: small, seeded, good enough to choose upper and lower case. */
function randomBits(seed: number): () => boolean {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) & 1) === 1;
  };
}

/** The same value with the declared names in a random case; the keys of dictionaries stay. */
function scramble(value: unknown, bit: () => boolean): unknown {
  if (Array.isArray(value)) return value.map((entry) => scramble(entry, bit));
  if (typeof value !== 'object' || value === null) return value;
  const scrambled = (key: string) =>
    [...key].map((c) => (bit() ? c.toUpperCase() : c.toLowerCase())).join('');
  return Object.fromEntries(
    Object.entries(value).map(([key, entry]) =>
      key === 'Properties'
        ? [scrambled(key), Object.fromEntries(Object.entries(entry).map(([k, v]) => [k, scramble(v, bit)]))]
        : [scrambled(key), scramble(entry, bit)],
    ),
  );
}

describe('a body', () => {
  const Things = Type.Object({
    Things: Type.Array(Type.Object({ Name: Type.String(), Size: Type.Integer() })),
  });
  const complaintsAbout = (count: number) => {
    try {
      readBody(Things, { Things: Array.from({ length: count }, () => ({ Name: 1, Size: 'x' })) });
    } catch (error) {
      if (error instanceof Invalid) return { message: error.message, errors: error.errors };
    }
    throw new Error('It was accepted.');
  };

  it('is told everything that is wrong with it at once', () => {
    const { message, errors } = complaintsAbout(30);
    expect(message).toBe('The request has 60 problems.');
    expect(errors).toHaveLength(60);
    expect(errors).toEqual(
      expect.arrayContaining(['Things.0.Name must be a text.', 'Things.29.Size must be a whole number.']),
    );
  });

  it('with very many problems is told a hundred of them, and that there are more', () => {
    const { message, errors } = complaintsAbout(20_000);
    expect(message).toBe('The request has more than 100 problems.');
    expect(errors).toHaveLength(101);
    expect(errors?.at(-1)).toContain('There are more');
  });

  it('means the same in any case of its names', () => {
    const seed = Number(process.env.ARGONAUT_SEED ?? Math.floor(Math.random() * 2 ** 31));
    const bit = randomBits(seed);
    for (let round = 0; round < 200; round += 1) {
      expect(readBody(Process, scramble(sample, bit)), `ARGONAUT_SEED=${seed}`).toEqual(sample);
    }
  });

  it('keeps the keys of dictionaries, and drops those whose value is null', () => {
    const read = readBody(Step, { Name: 'x', properties: { camelCase: 'a', CamelCase: 'b', gone: null } });
    expect(read).toEqual({
      Name: 'x',
      Properties: { camelCase: 'a', CamelCase: 'b' },
      Condition: 'Success',
    });
  });

  it('has null where null means something, and the default where it does not', () => {
    const read = readBody(Step, { Name: 'x', Container: null, Condition: null });
    expect(read).toMatchObject({ Name: 'x', Container: null, Condition: 'Success', Properties: {} });
    expect(readBody(Process, { Version: 1, Steps: null })).toEqual({ Version: 1, Steps: [] });
    expect(readBody(Step, { Name: 'x', Container: { image: null } })).toMatchObject({
      Container: { Image: null },
    });
  });

  it('names its choices in any case, and says what they are', () => {
    expect(readBody(Step, { Name: 'x', Condition: 'ALWAYS' })).toMatchObject({ Condition: 'Always' });
    expect(() => readBody(Step, { Name: 'x', Condition: 'Never' })).toThrow(
      'Condition must be one of Success, Always.',
    );
  });

  describe('whose value fits no branch of a union', () => {
    const Moment = Nullable(Type.Unsafe<string>({ type: 'string', format: 'date-time' }));
    const Run = Type.Object({ RunAt: Optional(Moment), Values: Optional(Dictionary(PropertyValue)) });
    it.each([
      [{ RunAt: 'soon' }, ['RunAt must be a moment with its offset, such as 2030-01-31T12:00:00.000+00:00.']],
      [{ RunAt: 5 }, ['RunAt must be a text or null.']],
      [{ Values: { a: 5 } }, ['Values.a must be a text or an object.']],
      [{ Values: { a: { HasValue: 'x' } } }, ['Values.a.HasValue must be true or false.']],
      [{ Values: { a: { NewValue: 7 } } }, ['Values.a.NewValue must be a text or null.']],
    ])('%j is told once what it should be', (body, sentences) => {
      try {
        readBody(Run, body);
      } catch (error) {
        if (!(error instanceof Invalid)) throw error;
        expect([error.message, error.errors]).toEqual([sentences[0], sentences]);
        return;
      }
      throw new Error('It was accepted.');
    });
  });

  it('has no space around its names, and a name of space is empty', () => {
    const Thing = Type.Object({ Name, Owner: RequiredReference });
    expect(readBody(Thing, { Name: ' two words ', Owner: 'Users-1' })).toEqual({
      Name: 'two words',
      Owner: 'Users-1',
    });
    expect(() => readBody(Thing, { Name: '   ', Owner: '' })).toThrow('2 problems');
    expect(() => readBody(Thing, { Name: '   ', Owner: 'x' })).toThrow('Name must not be empty.');
  });

  it('never changes the default of its schema', () => {
    const first = readBody(Process, { Version: 1 }) as { Steps: unknown[] };
    first.Steps.push('mine');
    expect(readBody(Process, { Version: 1 })).toEqual({ Version: 1, Steps: [] });
  });
});

describe('a query', () => {
  const Query = Type.Object({
    take: Type.Integer({ default: 30 }),
    ids: QueryList,
    active: Optional(Type.Boolean()),
    state: Optional(OneOf(['Queued', 'Success'])),
    note: Optional(Type.String()),
  });

  it('is text that the schema gives a meaning; what it does not name is passed over', () => {
    const read = readQuery(Query, {
      TAKE: '5',
      ids: ['a,b', 'c'],
      active: 'True',
      state: 'queued',
      odd: 'x',
      note: 'a,b',
    });
    expect(read).toEqual({ take: 5, ids: ['a', 'b', 'c'], active: true, state: 'Queued', note: 'a,b' });
  });

  it('has defaults for what is missing or empty', () => {
    expect(readQuery(Query, { take: '', active: '' })).toEqual({ take: 30, ids: [] });
  });

  it('says everything that is wrong with it', () => {
    expect(() => readQuery(Query, { take: '1.5', active: 'maybe' })).toThrow('2 problems');
  });
});
