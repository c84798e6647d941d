/**
 * A new master key: everything that is sealed is opened with the old key and sealed with the new one, in one
 * transaction. Each folder that keeps secrets says where they lie; a secret that no folder claims stops the change, so
 * that nothing is left behind that nobody can open. Passwords and API keys are hashes and stay valid.
 *
 * No server may run on the database meanwhile: it would go on sealing with the old key.
 */
import { InfrastructureFailure, Invalid, type Secret } from '@argonaut/contracts';
import { secretPlace as accountPlace } from './accounts/queries.ts';
import {
  changeMasterKey,
  checkMasterKey,
  decodeKey,
  KeyRing,
  type Place,
  type Sealed,
} from './database/index.ts';
import { recordEvent } from './events/index.ts';
import { secretPlace } from './feeds/codec.ts';
import { propertyPlace } from './processes/accept.ts';
import type { Services } from './services.ts';
import { outputPlace } from './tasks/runs/entries.ts';
import { answerPlace, valuePlace } from './variables/index.ts';

/** Where a sealed value at this path of a document was sealed to; undefined: no secret is expected there. */
type PlaceOf = (
  id: string,
  path: readonly string[],
  document: Readonly<Record<string, unknown>>,
) => Place | undefined;

const answers: PlaceOf = (_id, path, { Answers }) =>
  path[0] === 'Answers' && isObject(Answers)
    ? answerPlace(String(Answers.owner), path.at(-1) ?? '')
    : undefined;

const PLACES: Readonly<Record<string, PlaceOf>> = {
  Accounts: (id, path) => (path[0] === 'Secrets' ? accountPlace(id, path.at(-1) ?? '') : undefined),
  Feeds: (id, path) => (path[0] === 'Secrets' ? secretPlace(id, path.at(-1) ?? '') : undefined),
  VariableSets: (id, path, document) => {
    const owner = owning(document, path.slice(0, -1));
    return path.at(-1) === 'Value' && owner ? valuePlace(id, String(owner.Id)) : undefined;
  },
  Processes: (id, path, document) => {
    const owner = owning(document, path.slice(0, -2));
    if (path.at(-2) !== 'Properties' || !owner) return undefined;
    // A frozen copy keeps the seals of the process that it was taken from.
    return propertyPlace(String(document.FrozenFrom ?? id), String(owner.Id), path.at(-1) ?? '');
  },
  Deployments: answers,
  RunbookRuns: answers,
};

/**
 * @param newKey 32 bytes as base64 or hex
 * @returns how many secrets were sealed anew, and the ring that opens them
 * @throws Invalid when the key is no key, or the one in use; InfrastructureFailure when a secret does not open, or nobody
 * knows where it belongs. Then nothing has changed.
 */
export async function rotateMasterKey(
  { database, keys, now }: Pick<Services, 'database' | 'keys' | 'now'>,
  newKey: Secret,
): Promise<{ readonly resealed: number; readonly keys: KeyRing }> {
  const next = new KeyRing(decodeKey(newKey.reveal(), 'The new master key'));
  if (next.keyId === keys.keyId) throw new Invalid('The new master key is the one in use. Make another one.');
  let resealed = 0;
  const reseal = (sealed: string, place: Place): string => {
    resealed += 1;
    return next.seal(keys.open(sealed, place), place);
  };
  await database.exclusively('master key', async () => {
    await checkMasterKey(database, keys);
    await resealDocuments(database, reseal);
    await resealOutputs(database, reseal);
    await changeMasterKey(database, keys, next);
    await recordEvent(
      { database, now },
      {
        category: 'MasterKeyRotated',
        message: `The master key was changed from ${keys.keyId} to ${next.keyId}; ${resealed} secrets were sealed anew`,
        related: [],
      },
    );
  });
  await checkMasterKey(database, next);
  return { resealed, keys: next };
}

type Reseal = (sealed: string, place: Place) => string;

/** One document at a time: a set of variables may be large. */
async function resealDocuments(database: Services['database'], reseal: Reseal): Promise<void> {
  const rows = await database.query
    .selectFrom('documents')
    .select(['kind', 'id'])
    .where('document', 'like', '%"sealed":%')
    .execute();
  for (const { kind, id } of rows) {
    const row = database.query
      .selectFrom('documents')
      .select('document')
      .where('kind', '=', kind)
      .where('id', '=', id);
    const document = JSON.parse((await row.executeTakeFirstOrThrow()).document) as Record<string, unknown>;
    const changed = resealTree(document, [], (sealed, path) => {
      const place = PLACES[kind]?.(id, path, document);
      if (place === undefined) {
        throw new InfrastructureFailure(
          `${kind} ${id} holds a secret at ${path.join('.')} that this version cannot seal anew. The master key was not changed.`,
        );
      }
      return { sealed: reseal(sealed.sealed, place) };
    });
    await database.query
      .updateTable('documents')
      .set({ document: JSON.stringify(changed) })
      .where('kind', '=', kind)
      .where('id', '=', id)
      .execute();
  }
}

/** Sensitive outputs of steps. */
async function resealOutputs(database: Services['database'], reseal: Reseal): Promise<void> {
  const rows = await database.query
    .selectFrom('run_entries')
    .select(['task', 'id', 'body'])
    .where('kind', '=', 'output')
    .where('body', 'like', '%"sealed":%')
    .execute();
  for (const { task, id, body } of rows) {
    const output = JSON.parse(body) as Record<string, unknown>;
    if (!isSealedText(output.sealed)) continue;
    const changed = { ...output, sealed: reseal(output.sealed, outputPlace(task, id)) };
    await database.query
      .updateTable('run_entries')
      .set({ body: JSON.stringify(changed) })
      .where('task', '=', task)
      .where('kind', '=', 'output')
      .where('id', '=', id)
      .execute();
  }
}

function resealTree(
  value: unknown,
  path: readonly string[],
  change: (sealed: Sealed, path: readonly string[]) => Sealed,
): unknown {
  if (Array.isArray(value))
    return value.map((entry, index) => resealTree(entry, [...path, String(index)], change));
  if (!isObject(value)) return value;
  if (isSealedText(value.sealed) && Object.keys(value).length === 1)
    return change({ sealed: value.sealed }, path);
  return Object.fromEntries(
    Object.entries(value).map(([key, entry]) => [key, resealTree(entry, [...path, key], change)]),
  );
}

/** The object at a path of a document. */
function owning(document: unknown, path: readonly string[]): Readonly<Record<string, unknown>> | undefined {
  let at = document;
  for (const key of path) {
    if (Array.isArray(at)) at = at[Number(key)];
    else if (isObject(at)) at = at[key];
    else return undefined;
  }
  return isObject(at) ? at : undefined;
}

/** The form of `KeyRing.seal`: somebody's own field named `sealed` is no secret of ours. */
function isSealedText(value: unknown): value is string {
  return typeof value === 'string' && /^v1\.[0-9a-f]{8}\.[A-Za-z0-9+/=]+$/.test(value);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
