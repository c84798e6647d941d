/**
 * Where the server itself may connect to when a user names an address (feeds). Without a rule, whoever may edit feeds
 * could make the server speak to services that only it reaches. Addresses are judged, not names: a name is resolved
 * first and every address of it must be allowed.
 *
 * `ARGONAUT_OUTBOUND_ALLOW` lists what is allowed besides public addresses: `loopback`, `private`, CIDR ranges, single
 * addresses; `none` for nothing. The default is `loopback,private`: registries of a self-hosted server mostly are in the
 * house. Where people who do not trust each other share a server, list the registry's own addresses instead.
 * Link-local and other special addresses, and the metadata services of clouds, are never in `loopback` or `private`.
 */
import { Invalid } from '@argonaut/contracts';
import ipaddr from 'ipaddr.js';

/** Answers credentials to whoever asks from inside, at addresses that look private or public. */
const METADATA: readonly string[] = [
  '169.254.169.254', // AWS, Azure, Google, Oracle, DigitalOcean
  'fd00:ec2::254', // AWS over IPv6
  '100.100.100.200', // Alibaba Cloud
  '168.63.129.16', // Azure's own channel to its machines
  '192.0.0.192', // Oracle Cloud
];

type Range = readonly [ipaddr.IPv4 | ipaddr.IPv6, number];

export class OutboundPolicy {
  readonly #words: ReadonlySet<string>;
  readonly #ranges: readonly Range[];

  /** @throws Invalid with every entry that cannot be read */
  constructor(allowed: readonly string[]) {
    const entries = allowed.map((entry) => entry.trim().toLowerCase()).filter((entry) => entry !== '');
    const isWord = (entry: string) => entry === 'loopback' || entry === 'private' || entry === 'none';
    this.#words = new Set(entries.filter(isWord));
    const ranges = entries
      .filter((entry) => !isWord(entry))
      .map((entry) => ({ entry, range: rangeOf(entry) }));
    const wrong = ranges.filter(({ range }) => range === undefined).map(({ entry }) => `"${entry}"`);
    if (wrong.length > 0) {
      throw new Invalid(
        `ARGONAUT_OUTBOUND_ALLOW takes "loopback", "private", "none", addresses and ranges such as 10.1.0.0/16, not ${wrong.join(', ')}.`,
      );
    }
    this.#ranges = ranges.flatMap(({ range }) => (range === undefined ? [] : [range]));
  }

  /** Whether the server may connect to this address (a text such as `10.0.0.7` or `::1`). */
  allows(address: string): boolean {
    // `process` reads an IPv4 address that is wrapped in IPv6 as what it is.
    const parsed = ipaddr.isValid(address) ? ipaddr.process(address) : undefined;
    if (parsed === undefined) return false;
    if (this.#ranges.some((range) => range[0].kind() === parsed.kind() && parsed.match([...range])))
      return true;
    if (METADATA.some((service) => ipaddr.parse(service).toString() === parsed.toString())) return false;
    switch (parsed.range()) {
      case 'unicast':
        return true;
      case 'loopback':
        return this.#words.has('loopback');
      case 'private':
      case 'uniqueLocal':
        return this.#words.has('private');
      default:
        return false;
    }
  }
}

function rangeOf(entry: string): Range | undefined {
  try {
    if (entry.includes('/')) return ipaddr.parseCIDR(entry);
    const address = ipaddr.parse(entry);
    return [address, address.kind() === 'ipv4' ? 32 : 128];
  } catch {
    return undefined;
  }
}
