/** A TCP proxy in front of a registry, which cuts connections in the middle, refuses them, or is well again. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

export interface CuttingProxy extends AsyncDisposable {
  readonly host: string;
  /** Bytes of answers, of all connections together, after which everything is cut. */
  cutAfter: number;
  /** How often it has cut. */
  readonly cuts: number;
  /** Called at each cut. */
  onCut: () => void;
  /** Nobody listens any more: connections are refused. */
  die(): void;
  /** Listens again where it listened before. */
  revive(): Promise<void>;
}

export async function cuttingProxy(target: string): Promise<CuttingProxy> {
  const [hostname = '', port] = target.split(':');
  const open = new Set<Socket>();
  let told = 0;
  const end = () => {
    for (const socket of open) socket.destroy();
  };
  const accept = (client: Socket): void => {
    const upstream = connect(Number(port), hostname);
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        open.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.pipe(upstream);
    upstream.on('data', (chunk: Buffer) => {
      told += chunk.length;
      if (told <= proxy.cutAfter) {
        client.write(chunk);
        return;
      }
      told = 0;
      proxy.cuts += 1;
      end();
      proxy.onCut();
    });
    upstream.on('end', () => client.end());
  };
  let server = createServer(accept).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The proxy has no port.');
  const proxy = {
    host: `127.0.0.1:${address.port}`,
    cutAfter: Number.POSITIVE_INFINITY,
    cuts: 0,
    onCut: () => {},
    die: () => {
      server.close();
      end();
    },
    revive: async () => {
      server = createServer(accept).listen(address.port, '127.0.0.1');
      await once(server, 'listening');
    },
    [Symbol.asyncDispose]: async () => {
      server.close();
      end();
    },
  };
  return proxy;
}
