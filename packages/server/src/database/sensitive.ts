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
