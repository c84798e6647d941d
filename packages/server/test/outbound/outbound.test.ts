/** Where the server may connect to when a user names an address. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { OutboundPolicy, OutboundRefused, outboundFetch } from '../../src/outbound/index.ts';

const never = new AbortController().signal;

const LOOPBACK = ['127.0.0.1', '127.255.255.254', '::1', '::ffff:127.0.0.1'];
const PRIVATE = ['10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', 'fd12::1', '::ffff:10.0.0.1'];
const PUBLIC = ['8.8.8.8', '172.32.0.1', '2606:4700::1111'];
const NEVER = [
  '0.0.0.0',
  '::',
  '169.254.169.254',
  '169.254.0.1',
  '::ffff:169.254.169.254',
  'fe80::1',
  'fd00:ec2::254',
  '100.64.0.1',
  '100.100.100.200',
  '168.63.129.16',
  '192.0.0.192',
  '224.0.0.1',
  '255.255.255.255',
  '240.0.0.1',
  'ff02::1',
  '64:ff9b::7f00:1',
  '2002:7f00:1::',
  'not an address',
];

describe('a policy', () => {
  const [open, closed] = [new OutboundPolicy(['loopback', 'private']), new OutboundPolicy(['none'])];

  test.each([...LOOPBACK, ...PRIVATE])('%s only where it is allowed', (address) => {
    expect(open.allows(address)).toBe(true);
    expect(closed.allows(address)).toBe(false);
  });
  test.each(PUBLIC)('%s always', (address) => {
    expect(closed.allows(address)).toBe(true);
  });
  test.each(NEVER)('%s never by a word', (address) => {
    expect(open.allows(address)).toBe(false);
  });
  test('takes addresses and ranges, also of what no word allows', () => {
    const listed = new OutboundPolicy([' 10.1.0.0/16', '169.254.169.254', 'fd00::/8', '']);
    expect(
      ['10.1.2.3', '169.254.169.254', 'fd00::7', '::ffff:10.1.2.3'].map((each) => listed.allows(each)),
    ).toEqual([true, true, true, true]);
    expect(['10.2.0.1', '127.0.0.1', '169.254.169.253'].map((each) => listed.allows(each))).toEqual([
      false,
      false,
      false,
    ]);
  });
  test('says every entry that it cannot read', () => {
    expect(() => new OutboundPolicy(['localnet', '10.0.0.0/99'])).toThrow(/"localnet", "10.0.0.0\/99"/);
  });
});

describe('a request', () => {
  let server: Server;
  let hits = 0;
  beforeAll(async () => {
    server = createServer((request, response) => {
      hits += 1;
      if (request.url === '/away') response.writeHead(302, { location: 'http://169.254.169.254/' }).end();
      else response.end('here');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  const port = () => (server.address() as AddressInfo).port;

  test('reaches an address that is allowed, by number and by name', async () => {
    const fetch = outboundFetch(new OutboundPolicy(['loopback']), never);
    for (const host of ['127.0.0.1', 'localhost']) {
      expect(await (await fetch(`http://${host}:${port()}/`)).text()).toBe('here');
    }
  });

  /** Every spelling of the machine itself that URLs know. */
  const SPELLINGS = [
    '127.0.0.1',
    'localhost',
    'LOCALHOST',
    '2130706433',
    '0x7f000001',
    '017700000001',
    '0177.0.0.1',
    '127.1',
    '127.0.1',
    '0',
    '0.0.0.0',
    '[::1]',
    '[::]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '127.0.0.1.',
    'user@127.0.0.1',
    '①②⑦.0.0.1',
  ];
  test.each(SPELLINGS)('to http://%s is refused where loopback is not, and nothing is sent', async (host) => {
    const before = hits;
    const fetch = outboundFetch(new OutboundPolicy(['none']), never);
    await expect(fetch(`http://${host}:${port()}/`)).rejects.toSatisfy(isRefusal);
    expect(hits).toBe(before);
  });

  test('does not follow a redirect by itself: the next hop is a request of its own', async () => {
    const fetch = outboundFetch(new OutboundPolicy(['loopback']), never);
    const answer = await fetch(`http://127.0.0.1:${port()}/away`, { redirect: 'manual' });
    const next = answer.headers.get('location') ?? '';
    await expect(fetch(next)).rejects.toSatisfy(isRefusal);
  });
});

/** By its own, or as the cause of what `fetch` throws. `user@` is no address that fetch takes at all. */
function isRefusal(error: unknown): boolean {
  if (error instanceof OutboundRefused) return true;
  if (!(error instanceof Error)) return false;
  return error.cause === undefined ? /credentials/.test(error.message) : isRefusal(error.cause);
}
