/** How a piece of a JSON value looks when a template shows it. Objects and arrays stay JSON, compact. */

import { formatDouble } from '../text/number.ts';
import { type Json, JsonNumber } from './json.ts';

/** ISO date and time; Json.NET reads such strings as dates, and its users see them in the invariant form. */
const DATE = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.\d{1,7})?(Z|[-+]\d\d:?\d\d)?$/;

/** The text of a member or item; null is the empty text. */
export function jsonToText(value: Json | undefined): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'string') return dateText(value) ?? value;
  if (value instanceof JsonNumber) return numberText(value.text);
  return compact(value);
}

function dateText(value: string): string | null {
  const found = DATE.exec(value);
  if (found === null) return null;
  const [, year = '', month = '', day = '', hour = '', minute = '', second = '', zone = 'Z'] = found;
  const offset = zone === 'Z' ? 0 : (zone.startsWith('-') ? -1 : 1) * minutesOf(zone.slice(1));
  const instant = Date.UTC(+year, +month - 1, +day, +hour, +minute, +second);
  if (new Date(instant).getUTCDate() !== +day || +hour > 23 || +minute > 59 || +second > 59) return null;
  const [date = '', time = ''] = new Date(instant - offset * 60_000).toISOString().split(/[T.]/);
  const [y, m, d] = date.split('-');
  return `${m}/${d}/${y} ${time}`;
}

const minutesOf = (zone: string): number => +zone.slice(0, 2) * 60 + +zone.slice(-2);

function numberText(text: string): string {
  return wholeNumber(text) ?? formatDouble(Number(text));
}

/** Whole numbers keep all their digits. */
const wholeNumber = (text: string): string | null =>
  /^-?\d+$/.test(text) ? text.replace(/^(-?)0+(?=\d)/, '$1') : null;

/** Parsed values are never deeper than the reader allows, so recursion is safe here. */
function compact(value: Json): string {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return quote(value);
  if (value instanceof JsonNumber) {
    const text = numberText(value.text);
    return wholeNumber(value.text) === null && wholeNumber(text) !== null ? `${text}.0` : text;
  }
  if (value instanceof Map) {
    return `{${Array.from(value as ReadonlyMap<string, Json>, ([name, each]) => `${quote(name)}:${compact(each)}`).join(',')}}`;
  }
  return `[${(value as readonly Json[]).map(compact).join(',')}]`;
}

const quote = (text: string): string =>
  JSON.stringify(text).replace(
    /[\u0085\u2028\u2029]/g,
    (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
