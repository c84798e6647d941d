/** The way to the internet that every step of a worker finds in its environment. Pure. */
import { isIP } from 'node:net';
import { Secret } from '@argonaut/contracts';
import type { NamedSecret } from '@argonaut/contracts/attempt';

/** Programs read one spelling or the other; curl, for one, only the small one of `http_proxy`. */
const names = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'ALL_PROXY'] as const;
/** A step's own network: what listens there is never behind a proxy. */
const always = ['localhost', '127.0.0.1', '::1'] as const;

export type Proxies = Readonly<Record<string, string>>;

/** Of an environment, in both spellings; empty when it names none. Of two that differ each is kept. */
export function proxiesOf(environment: Readonly<Record<string, string | undefined>>): Proxies {
  const found: Record<string, string> = {};
  for (const name of names) {
    const small = name.toLowerCase();
    const value = environment[name] || environment[small];
    if (!value) continue;
    found[name] = environment[name] || value;
    found[small] = environment[small] || value;
  }
  return found;
}

/**
 * As a container is to have them. A proxy at the worker's own loopback address is not there in a container, whose loopback
 * is another: it is left out. `beside`: host names that are the step's own, such as those of its services.
 */
export function containerProxies(proxies: Proxies, beside: readonly string[]): Proxies {
  const kept = Object.entries(proxies).filter(([name, value]) => isNoProxy(name) || !isLoopback(value));
  if (!kept.some(([name]) => !isNoProxy(name))) return {};
  const own = [...always, ...beside];
  const around = Object.fromEntries(kept);
  return {
    ...around,
    NO_PROXY: merged(around.NO_PROXY, own),
    no_proxy: merged(around.no_proxy ?? around.NO_PROXY, own),
  };
}

/** Passwords within their addresses: whoever prints his environment must not print them. */
export function proxySecrets(proxies: Proxies): NamedSecret[] {
  const secrets = new Map<string, string>();
  for (const [name, value] of Object.entries(proxies)) {
    if (isNoProxy(name)) continue;
    const written = addressOf(value).password;
    if (!written) continue;
    for (const form of [written, decoded(written)]) if (!secrets.has(form)) secrets.set(form, name);
  }
  return [...secrets].map(([value, name]) => ({ name, value: new Secret(value) }));
}

function isNoProxy(name: string): boolean {
  return name.toUpperCase() === 'NO_PROXY';
}

/**
 * As programs read it: the scheme may be missing, and the last `@` ends the password, which may hold any character that
 * somebody forgot to encode.
 */
function addressOf(proxy: string): { readonly host: string; readonly password?: string } {
  const address = proxy.trim().replace(/^[a-z][a-z0-9+.-]*:\/\//i, '');
  const at = address.lastIndexOf('@');
  const colon = address.indexOf(':');
  const host = /^(?:\[[^\]]+\]|[^/:]+)/.exec(address.slice(at + 1))?.[0] ?? '';
  return colon >= 0 && colon < at ? { host, password: address.slice(colon + 1, at) } : { host };
}

function isLoopback(address: string): boolean {
  const { host } = addressOf(address);
  const plain = host.replace(/^\[|\]$/g, '').toLowerCase();
  return plain === 'localhost' || plain === '::1' || (isIP(plain) === 4 && plain.startsWith('127.'));
}

function merged(list: string | undefined, own: readonly string[]): string {
  const entries = (list ?? '').split(',').map((entry) => entry.trim());
  return [...new Set([...entries, ...own])].filter((entry) => entry !== '').join(',');
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
