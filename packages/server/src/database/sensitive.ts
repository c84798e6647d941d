/**
 * Sensitive fields of documents. On the wire they are write-only: `{HasValue, NewValue: null, Hint: null}`. In a
 * document they are `{sealed: …}` or absent. A write without a `NewValue` keeps what is stored.
 */
import { Secret } from '@argonaut/contracts';
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
