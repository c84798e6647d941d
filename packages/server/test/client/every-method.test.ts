/**
 * Every method that Octopus's TypeScript client exports: either it is called and works, or the table says why it is not
 * ours. A method that a newer client brings has no row, and fails the first test.
 */
import * as exported from '@octopusdeploy/api-client';
// The client exports its feeds from here only.
import { FeedRepository } from '@octopusdeploy/api-client/dist/features/feeds/index.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { absentRows } from './absent-rows.ts';
import { crudRows } from './crud-rows.ts';
import { definitionRows } from './definition-rows.ts';
import { runningRows } from './running-rows.ts';
import { transportRows } from './transport-rows.ts';
import { makeWorld, type Rows, type World } from './world.ts';

const TABLES: readonly Rows[] = [crudRows, definitionRows, runningRows, transportRows, absentRows];
const ROWS: Rows = Object.assign({}, ...TABLES);

/** Functions by their names; of classes, the static and the inherited methods too. */
function exportedMethods(): string[] {
  const functions = Object.entries({ ...exported, FeedRepository }).filter(
    (entry): entry is [string, (...args: never) => unknown] => typeof entry[1] === 'function',
  );
  return functions.flatMap(([name, value]) => {
    const methods = new Set<string>();
    for (let of = value.prototype; of && of !== Object.prototype; of = Object.getPrototypeOf(of)) {
      for (const method of Object.getOwnPropertyNames(of)) if (method !== 'constructor') methods.add(method);
    }
    const own = value as unknown as Record<string, unknown>;
    const isClass = methods.size > 0;
    if (isClass && typeof own.create === 'function') methods.add('create');
    return isClass ? [...methods].map((method) => `${name}.${method}`) : [name];
  });
}

describe('@octopusdeploy/api-client, method by method', () => {
  let world: World;
  beforeAll(async () => {
    world = await makeWorld();
  });
  afterAll(() => world[Symbol.asyncDispose]());

  it('has one row for each that it exports, and none for others', () => {
    expect(TABLES.flatMap((rows) => Object.keys(rows)).toSorted()).toEqual(exportedMethods().toSorted());
  });

  for (const [name, row] of Object.entries(ROWS)) {
    if ('works' in row) {
      it(`${name} works`, () => row.works(world));
    } else if (row.asked) {
      it(`${name} is refused in words: ${row.notOurs}`, async () => {
        const refused = await row.asked?.(world).then(
          () => undefined,
          (error) => error,
        );
        expect(refused).toMatchObject({
          StatusCode: expect.toSatisfy((status: number) => status >= 400 && status < 500),
          ErrorMessage: expect.stringMatching(/[a-z]{3}.*\./),
        });
      });
    }
  }
});
