/**
 * Sensitive fields of documents. On the wire they are write-only: `{HasValue, NewValue: null, Hint: null}`. In a
 * document they are `{sealed: …}` or absent. A write without a `NewValue` keeps what is stored.
 */
import { Invalid, Secret } from '@argonaut/contracts';
import type { SensitiveValue } from '@argonaut/contracts/rest';
import type { KeyRing, Place } from './secrets.ts';

/** A secret as it lies in a document. */
export interface Sealed {
  readonly sealed: string;
}

/** What a client sent, over what is stored: a new text, nothing (kept), or `HasValue: false` (removed). */
export function sealSensitive(
  keys: KeyRing,
  place: Place,
  incoming: SensitiveValue | string | null | undefined,
  stored: Sealed | undefined,
): Sealed | undefined {
  const text = typeof incoming === 'string' ? incoming : incoming?.NewValue;
  if (text !== undefined && text !== null && text !== '')
    return { sealed: keys.seal(new Secret(text), place) };
  const removes =
    typeof incoming === 'object' && incoming?.HasValue === false && incoming.NewValue !== undefined;
  return removes ? undefined : stored;
}

/** What a client may see of it. */
export function showSensitive(stored: Sealed | undefined): SensitiveValue {
  return { HasValue: stored !== undefined, NewValue: null, Hint: null };
}

/** The text itself, for the code that has to use it. */
export function openSensitive(keys: KeyRing, place: Place, stored: Sealed | undefined): Secret | undefined {
  return stored === undefined ? undefined : keys.open(stored.sealed, place);
}

/** The sensitive fields of a document, by name. */
export type SealedFields = Readonly<Record<string, Sealed>>;

/**
 * Parts the fields that a client sent into those that anybody may read and sealed ones. Sealed is what `isSecret` names,
 * what is sealed already, and everything that has the form of a sensitive value, also in fields that nobody knows.
 */
export function partFields(
  keys: KeyRing,
  fields: object,
  placeOf: (field: string) => Place,
  isSecret: (field: string) => boolean,
  stored: SealedFields = {},
): { readonly plain: Readonly<Record<string, unknown>>; readonly secrets: SealedFields } {
  const plain: Record<string, unknown> = {};
  const secrets: Record<string, Sealed> = { ...stored };
  for (const [field, value] of Object.entries(fields)) {
    if (!isSensitive(value) && !isSecret(field) && !(field in secrets)) {
      plain[field] = value;
      continue;
    }
    const incoming = isSensitive(value) || typeof value === 'string' ? value : undefined;
    const sealed = sealSensitive(keys, placeOf(field), incoming, stored[field]);
    if (sealed === undefined) delete secrets[field];
    else secrets[field] = sealed;
  }
  return { plain, secrets };
}

/** What a client may see of the sensitive fields: `always`, and those that are sealed. */
export function showFields(
  always: readonly string[],
  sealed: SealedFields,
): Readonly<Record<string, SensitiveValue>> {
  const names = new Set([...always, ...Object.keys(sealed)]);
  return Object.fromEntries([...names].map((name) => [name, showSensitive(sealed[name])]));
}

function isSensitive(value: unknown): value is SensitiveValue {
  return typeof value === 'object' && value !== null && ('NewValue' in value || 'HasValue' in value);
}

/** A sensitive value that was given a text, as JSON writes it. Inside of another text its quotes would be escaped. */
const OPEN_SECRET = /"NewValue":"(?!")/i;
const SENSITIVE_FIELDS: ReadonlySet<string> = new Set(['hasvalue', 'newvalue', 'hint']);

/**
 * The last look at a document before it is stored. Fields that only clients know are kept as they come, and given back so: a
 * secret in one of them would lie open.
 * @throws Invalid
 */
export function refuseOpenSecret(owner: string, document: object, json: string): void {
  if (!OPEN_SECRET.test(json)) return;
  const field = openSecretIn(document, []);
  if (field === undefined) return;
  throw new Invalid(
    `${owner} has a secret in ${field}, which this server would not hide: it seals none there. Leave it out, or put it into a sensitive variable.`,
  );
}

function openSecretIn(value: unknown, path: readonly string[]): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const entries = Object.entries(value);
  const isOpen = entries.some(([key, text]) => /^NewValue$/i.test(key) && typeof text === 'string' && text);
  if (isOpen && entries.every(([key]) => SENSITIVE_FIELDS.has(key.toLowerCase()))) return path.join('.');
  for (const [key, entry] of entries) {
    const found = openSecretIn(entry, [...path, key]);
    if (found !== undefined) return found;
  }
  return undefined;
}
