/** Escapes that make a value safe inside another language. */

import { type Filter, plainFilter } from './filter.ts';

const MARKUP: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};
const JSON_TEXT: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\r': '\\r',
  '\t': '\\t',
  '\n': '\\n',
  '\\': '\\\\',
};

const unicodeEscape = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;

export const htmlEscape: Filter = plainFilter((input) =>
  input.replace(/[&<>"'/]/g, (each) => MARKUP[each] ?? '&#x2F;'),
);
export const xmlEscape: Filter = plainFilter((input) =>
  input.replace(/[&<>"']/g, (each) => MARKUP[each] ?? each),
);

/** Only these five characters: other control characters pass, as users know it. */
export const jsonEscape: Filter = plainFilter((input) =>
  input.replace(/["\r\t\n\\]/g, (each) => JSON_TEXT[each] ?? each),
);

/** In single quotes YAML folds line breaks, so every run of them gets one more, of the kind it begins with. */
export const yamlSingleQuoteEscape: Filter = plainFilter((input) =>
  input.replace(/(?:\r?\n)+/g, (run) => (run.startsWith('\r') ? '\r\n' : '\n') + run).replaceAll("'", "''"),
);
export const yamlDoubleQuoteEscape: Filter = plainFilter((input) =>
  input.replace(/[^ !#-[\]-~]/g, (each) => JSON_TEXT[each] ?? unicodeEscape(each)),
);

/** Java properties are Latin-1; U+00FF is escaped as well, as the original does. */
const propertiesEscape = (input: string): string =>
  input.replace(/[\\\r\n\t\u00ff-\uffff]/g, (each) => JSON_TEXT[each] ?? unicodeEscape(each));

export const propertiesKeyEscape: Filter = plainFilter((input) =>
  propertiesEscape(input).replace(/[ :=]/g, (each) => `\\${each}`),
);
/** In a value only a blank at the very start is at risk. */
export const propertiesValueEscape: Filter = plainFilter((input) =>
  propertiesEscape(input).replace(/^ /, '\\ '),
);

/** A whole address: characters that have a meaning in addresses stay. */
export const uriEscape: Filter = plainFilter((input) =>
  percentEncode(input, /[^A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=]+/g),
);
/** A part of an address: only the unreserved characters of RFC 3986 stay. */
export const uriDataEscape: Filter = plainFilter((input) => percentEncode(input, /[^A-Za-z0-9\-._~]+/g));

const percentEncode = (input: string, unsafe: RegExp): string =>
  input.replace(unsafe, (run) => {
    let encoded = '';
    for (const byte of Buffer.from(run, 'utf8'))
      encoded += `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    return encoded;
  });
