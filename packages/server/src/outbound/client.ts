/**
 * The one HTTP client for addresses that users name: resolve, check every address, connect to a checked one. The
 * check is inside the connection's own lookup, so a name that answers differently the second time gains nothing, and
 * redirects, which callers follow with a new call each, are checked like first addresses.
 */
import { lookup as resolve } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { ArgonautError } from '@argonaut/contracts';
import type { OutboundPolicy } from './policy.ts';

/** The settings do not let the server connect there. */
export class OutboundRefused extends ArgonautError {
  constructor(host: string) {
    super(
      'Invalid',
      `The server may not connect to "${host}": its address is internal. An administrator can allow it with ARGONAUT_OUTBOUND_ALLOW.`,
    );
  }
}

type Fetch = typeof globalThis.fetch;

/** @param stopping closes the kept connections when the server stops */
export function outboundFetch(policy: OutboundPolicy, stopping: AbortSignal): Fetch {
  // Loaded at the first use: most starts never need it, and its modules cost memory.
  let client: Promise<Fetch> | undefined;
  const open = async (): Promise<Fetch> => {
    const undici = await import('undici');
    const agent = new undici.Agent({ connect: { lookup: checkedLookup(policy) } });
    stopping.addEventListener('abort', () => void agent.destroy().catch(() => undefined), { once: true });
    // undici's types are its own copies of the standard's.
    return ((url: URL, init: object) =>
      undici.fetch(url, { ...init, dispatcher: agent })) as unknown as Fetch;
  };
  return async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
    // An address in the URL is never looked up.
    if (isIP(host) !== 0 && !policy.allows(host)) throw new OutboundRefused(host);
    client ??= open();
    return (await client)(url, init);
  };
}

function checkedLookup(policy: OutboundPolicy): LookupFunction {
  return (hostname, options, done) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return done(error, '', 0);
      const first = addresses[0];
      if (first === undefined || addresses.some(({ address }) => !policy.allows(address))) {
        return done(new OutboundRefused(hostname), '', 0);
      }
      if (options.all === true) return done(null, addresses);
      done(null, first.address, first.family);
    });
  };
}
