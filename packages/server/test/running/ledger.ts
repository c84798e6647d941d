/** Counts the starts of scripts outside the product: each tells an HTTP server of the test that it has begun. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import Dockerode from 'dockerode';

export interface Ledger extends AsyncDisposable {
  /** A line of shell that enters `name`; works in a container with busybox and on the host. */
  line(name: string): string;
  /** How often each name was entered since the last call. */
  take(): Readonly<Record<string, number>>;
}

export async function openLedger(): Promise<Ledger> {
  let starts: Record<string, number> = {};
  const entered = new Set<string>();
  const server = createServer((request, response) => {
    const [, name = '', start = ''] = request.url?.split('/') ?? [];
    if (!entered.has(start)) starts[name] = (starts[name] ?? 0) + 1;
    entered.add(start);
    response.end('entered\n');
  }).listen(0, '0.0.0.0');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The ledger has no port.');
  // Reached from containers and from the host alike. The engine is asked, since the host's own list of interfaces
  // leaves the bridge out for as long as no container is attached to it.
  const bridge = await new Dockerode().getNetwork('bridge').inspect();
  const gateway = bridgeAddress(bridge.IPAM?.Config?.[0] ?? {});
  return {
    // A bridge may change its address when a container comes or goes, and is then out of reach until the others have
    // forgotten the old one: a start asks again, under a name of its own, until it is entered.
    // (wget of a static busybox dies of a segmentation fault when it is given a time limit; nc does not.)
    line: (name) =>
      [
        `start=$(cat /proc/sys/kernel/random/uuid)`,
        `enter() { printf 'GET /${name}/%s HTTP/1.0\\r\\n\\r\\n' "$start" | nc -w 2 ${gateway} ${address.port} | grep -q entered; }`,
        `command -v nc >/dev/null || enter() { wget -q -T 2 -O /dev/null "http://${gateway}:${address.port}/${name}/$start"; }`,
        `until enter 2>/dev/null; do sleep 0.1; done`,
      ].join('; '),
    take: () => {
      const taken = starts;
      starts = {};
      return taken;
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

interface Addresses {
  readonly Gateway?: string | undefined;
  readonly Subnet?: string | undefined;
}

/** An engine that found its bridge when it started tells the subnet only; then it is the subnet's first address. */
function bridgeAddress({ Gateway, Subnet = '' }: Addresses): string {
  if (Gateway !== undefined) return Gateway;
  const network = /^(\d+\.\d+\.\d+)\.0\//.exec(Subnet)?.[1];
  if (network === undefined) throw new Error("The engine's default bridge has no address.");
  return `${network}.1`;
}
