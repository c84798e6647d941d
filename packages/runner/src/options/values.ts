/** Values of options as the `docker` command writes them. Every error names the flag. */
import { isIP } from 'node:net';
import { Invalid } from '@argonaut/contracts';

const units: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  k: 1024,
  m: 1024 ** 2,
  g: 1024 ** 3,
  t: 1024 ** 4,
};

function wrong(flag: string, value: string, expected: string): Invalid {
  return new Invalid(`${flag} ${value}: expected ${expected}.`);
}

/** Bytes of `512m`, `1.5g`, `64kb`, `1073741824`; binary multiples, as Docker counts. */
export function bytesOf(flag: string, value: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([bkmgt]?)i?b?$/i.exec(value);
  const amount = Math.round(Number(match?.[1]) * (units[(match?.[2] ?? '').toLowerCase()] ?? Number.NaN));
  if (!Number.isSafeInteger(amount)) throw wrong(flag, value, 'a size such as 512m or 2g');
  return amount;
}

export function decimalOf(flag: string, value: string): number {
  const amount = Number(value);
  if (!/^\d*\.?\d+$/.test(value) || !(amount > 0) || amount > 1e6)
    throw wrong(flag, value, 'a number greater than 0');
  return amount;
}

export function integerOf(flag: string, value: string, lowest = 0): number {
  const amount = Number(value);
  if (!/^-?\d+$/.test(value) || !Number.isSafeInteger(amount) || amount < lowest)
    throw wrong(flag, value, `a whole number of at least ${lowest}`);
  return amount;
}

/** As Go reads them, on which Docker's command relies. */
export function booleanOf(flag: string, value: string): boolean {
  if (['1', 't', 'T', 'true', 'TRUE', 'True'].includes(value)) return true;
  if (['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(value)) return false;
  throw wrong(flag, value, 'true or false');
}

export function addressOf(flag: string, value: string): string {
  if (isIP(value) === 0) throw wrong(flag, value, 'an IP address');
  return value;
}

/** `name:address` or `name=address`; the address may stand in brackets, or be `host-gateway`. */
export function extraHostOf(flag: string, value: string): string {
  const match = /^([A-Za-z0-9](?:[A-Za-z0-9._-]*))[:=]\[?([^\]]+)\]?$/.exec(value);
  const [, name = '', address = ''] = match ?? [];
  if (name === '' || (address !== 'host-gateway' && isIP(address) === 0))
    throw wrong(flag, value, 'name:address');
  return `${name}:${address}`;
}

export function hostNameOf(flag: string, value: string): string {
  if (!/^[A-Za-z0-9]([A-Za-z0-9.-]{0,62})$/.test(value)) throw wrong(flag, value, 'a host name');
  return value;
}

/** `CAP_NET_ADMIN`, `net_admin` and `NET_ADMIN` are one thing. */
export function capabilityOf(flag: string, value: string): string {
  const name = value.toUpperCase().replace(/^CAP_/, '');
  if (!/^[A-Z][A-Z_]*$/.test(name)) throw wrong(flag, value, 'the name of a capability, such as NET_RAW');
  return name;
}

export interface Ulimit {
  readonly Name: string;
  readonly Soft: number;
  readonly Hard: number;
}

export function ulimitOf(flag: string, value: string): Ulimit {
  const match = /^([a-z]+)=(-1|\d+)(?::(-1|\d+))?$/.exec(value);
  const [, name = '', soft = '', hard = soft] = match ?? [];
  if (name === '') throw wrong(flag, value, 'name=soft[:hard]');
  return { Name: name, Soft: integerOf(flag, soft, -1), Hard: integerOf(flag, hard, -1) };
}

/** `NAME=value`. A name alone would mean a variable of the worker's own environment. */
export function variableOf(flag: string, value: string): readonly [name: string, value: string] {
  const at = value.indexOf('=');
  if (at < 0) {
    throw new Invalid(
      `${flag} ${value}: a name without a value would take the worker's own variable. Write ${flag} ${value}=…`,
    );
  }
  const name = value.slice(0, at);
  if (name === '' || value.includes('\0')) throw wrong(flag, value, 'NAME=value');
  return [name, value.slice(at + 1)];
}

export function labelOf(flag: string, value: string): readonly [name: string, value: string] {
  const at = value.indexOf('=');
  const name = at < 0 ? value : value.slice(0, at);
  if (name === '') throw wrong(flag, value, 'name=value');
  return [name, at < 0 ? '' : value.slice(at + 1)];
}

/** `host[:container[:permissions]]`. */
export function deviceOf(flag: string, value: string): Device {
  const [host = '', second, third] = value.split(':');
  const permissionsOnly = second !== undefined && third === undefined && /^[rwm]+$/.test(second);
  const inside = second === undefined || permissionsOnly ? host : second;
  const permissions = third ?? (permissionsOnly ? second : 'rwm') ?? 'rwm';
  if (!host.startsWith('/') || !inside.startsWith('/') || !/^[rwm]+$/.test(permissions))
    throw wrong(flag, value, '/dev/name[:/dev/name[:rwm]]');
  return { PathOnHost: host, PathInContainer: inside, CgroupPermissions: permissions };
}

export interface Device {
  readonly PathOnHost: string;
  readonly PathInContainer: string;
  readonly CgroupPermissions: string;
}
