/** `UriPart`: pieces of an address. Mistakes are shown in the text, in brackets, as users know it. */

import type { Filter } from './filter.ts';

const DEFAULT_PORTS: Readonly<Record<string, number>> = {
  http: 80,
  https: 443,
  ftp: 21,
  ws: 80,
  wss: 443,
  ldap: 389,
};

interface Address {
  readonly scheme: string;
  readonly userInfo: string;
  readonly host: string;
  /** -1 if the scheme has none. */
  readonly port: number;
  readonly path: string;
  readonly query: string;
  readonly fragment: string;
}

type Part = (address: Address) => string;

const defaultPort = ({ scheme }: Address): number => DEFAULT_PORTS[scheme] ?? -1;
const authority: Part = (a) => (a.port === defaultPort(a) || a.port === -1 ? a.host : `${a.host}:${a.port}`);
const bareHost: Part = ({ host }) => host.replace(/^\[|\]$/g, '');

function hostNameType({ host }: Address): string {
  if (host === '') return 'Basic';
  if (host.startsWith('[')) return 'IPv6';
  return /^\d{1,3}(?:\.\d{1,3}){3}$/.test(host) ? 'IPv4' : 'Dns';
}

const PARTS: Readonly<Record<string, Part>> = {
  absolutepath: ({ path }) => path,
  absoluteuri: (a) =>
    `${a.scheme}:${a.host === '' && a.scheme !== 'file' ? '' : '//'}${a.userInfo === '' ? '' : `${a.userInfo}@`}${authority(a)}${a.path}${a.query}${a.fragment}`,
  authority,
  dnssafehost: bareHost,
  fragment: ({ fragment }) => fragment,
  host: ({ host }) => host,
  hostandport: (a) => (a.port === -1 ? a.host : `${a.host}:${a.port}`),
  hostnametype: hostNameType,
  isdefaultport: (a) => String(a.port === defaultPort(a)),
  isfile: ({ scheme }) => String(scheme === 'file'),
  isloopback: (a) => String(/^(?:localhost|loopback|127(?:\.\d{1,3}){3}|::1|)$/.test(bareHost(a))),
  isunc: ({ scheme, host }) => String(scheme === 'file' && host !== ''),
  path: ({ path }) => unescapeText(path),
  pathandquery: ({ path, query }) => path + query,
  port: ({ port }) => String(port),
  query: ({ query }) => query,
  scheme: ({ scheme }) => scheme,
  schemeandserver: (a) => `${a.scheme}://${authority(a)}`,
  userinfo: ({ userInfo }) => userInfo,
};

export const uriPart: Filter = (input, [wanted]) => {
  if (input === null) return null;
  if (wanted === undefined) return '[UriPart error: no argument given]';
  const address = parseAddress(input);
  const name = wanted.toLowerCase();
  if (name === 'isabsoluteuri') return String(address !== null);
  const part = Object.hasOwn(PARTS, name) ? PARTS[name] : undefined;
  if (part === undefined) return `[UriPart ${wanted} error: argument '${wanted}' not supported]`;
  if (address === null)
    return `[UriPart ${wanted} error: This operation is not supported for a relative URI.]`;
  return part(address);
};

/** Null for a relative address. */
function parseAddress(text: string): Address | null {
  let url: URL;
  try {
    url = new URL(text.trim());
  } catch {
    return null;
  }
  const scheme = url.protocol.slice(0, -1);
  const port = url.port === '' ? (DEFAULT_PORTS[scheme] ?? -1) : Number(url.port);
  const userInfo = url.username + (url.password === '' ? '' : `:${url.password}`);
  return {
    scheme,
    userInfo,
    host: url.hostname,
    port,
    path: url.pathname,
    query: url.search,
    fragment: url.hash,
  };
}

function unescapeText(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
