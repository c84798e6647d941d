/**
 * The words of a service message: `##octopus[name key='base64' …]`, values in base64 of UTF-8.
 *
 * Scripts quote with `'`, Octopus's own tools with `"`; attribute names are compared without regard to case,
 * message names with it.
 */

export const PREFIX = '##octopus[';

/** Longest message body; beyond it the line is text. Octopus has no bound, scripts never come near this one. */
export const LONGEST_BODY = 1024 * 1024;
const MOST_ATTRIBUTES = 64;

export interface ServiceMessage {
  readonly name: string;
  /** Decoded values by attribute name in lower case. */
  readonly attributes: ReadonlyMap<string, string>;
}

export type Parsed =
  | { readonly message: ServiceMessage }
  /** Why it is not a service message. Quotes no value: it may be secret. */
  | { readonly malformed: string };

const NAME = /\s*([A-Za-z][\w.-]*)/y;
const ATTRIBUTE = /\s+([A-Za-z_][\w.-]*)\s*=\s*(?:'([^']*)'|"([^"]*)")/y;
const BLANK_END = /\s*$/y;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** Reads what stands between `##octopus[` and `]`. */
export function parseBody(body: string): Parsed {
  NAME.lastIndex = 0;
  const name = NAME.exec(body)?.[1];
  if (name === undefined) return { malformed: 'it has no name' };
  const attributes = new Map<string, string>();
  let at = NAME.lastIndex;
  for (;;) {
    ATTRIBUTE.lastIndex = at;
    const match = ATTRIBUTE.exec(body);
    if (match === null) break;
    at = ATTRIBUTE.lastIndex;
    const key = (match[1] ?? '').toLowerCase();
    if (attributes.has(key)) return { malformed: `attribute ${key} appears twice` };
    if (attributes.size === MOST_ATTRIBUTES)
      return { malformed: `it has more than ${MOST_ATTRIBUTES} attributes` };
    const value = decode(match[2] ?? match[3] ?? '');
    if (value === undefined) return { malformed: `the value of ${key} is not base64` };
    attributes.set(key, value);
  }
  BLANK_END.lastIndex = at;
  if (!BLANK_END.test(body)) return { malformed: "its attributes are not of the form key='base64'" };
  return { message: { name, attributes } };
}

/**
 * Whether a body that cannot be read may have been meant to declare a secret. Of one that breaks off nobody knows whether
 * `sensitive` was to follow.
 */
export function mayCarrySecret(body: string, isWhole: boolean): boolean {
  if (/^\s*mask\b/.test(body)) return true;
  return /^\s*setVariable\b/.test(body) && (!isWhole || /\ssensitive\s*=/i.test(body));
}

/** A service message as one line without its end, for programs that write them. */
export function formatMessage(name: string, attributes: Readonly<Record<string, string>> = {}): string {
  const pairs = Object.entries(attributes).map(
    ([key, value]) => ` ${key}='${Buffer.from(value).toString('base64')}'`,
  );
  return `${PREFIX}${name}${pairs.join('')}]`;
}

function decode(text: string): string | undefined {
  const bare = text.replaceAll(/\s/g, '');
  if (!BASE64.test(bare) || bare.replaceAll('=', '').length % 4 === 1) return undefined;
  return Buffer.from(bare, 'base64').toString('utf8');
}
