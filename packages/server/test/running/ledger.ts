/** Counts the starts of scripts outside the product: each tells an HTTP server of the test that it has begun. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { networkInterfaces } from 'node:os';

export interface Ledger extends AsyncDisposable {
  /** A line of shell that enters `name`; works in a container with busybox and on the host. */
  line(name: string): string;
  /** How often each name was entered since the last call. */
  take(): Readonly<Record<string, number>>;
}

export async function openLedger(): Promise<Ledger> {
  let starts: Record<string, number> = {};
  const server = createServer((request, response) => {
    const name = request.url?.slice(1) ?? '';
    starts[name] = (starts[name] ?? 0) + 1;
    response.end('entered\n');
  }).listen(0, '0.0.0.0');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The ledger has no port.');
  // The engine's default bridge: reached from containers and from the host alike.
  const bridge = networkInterfaces().docker0?.find(({ family }) => family === 'IPv4')?.address;
  if (bridge === undefined) throw new Error('The interface docker0 has no address.');
  const base = `http://${bridge}:${address.port}`;
  return {
    line: (name) => `wget -q -O /dev/null ${base}/${name}`,
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
