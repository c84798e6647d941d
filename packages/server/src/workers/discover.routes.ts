/** `/workers/discover`: what a machine says of itself before it is trusted; nothing is stored. */
import { Invalid } from '@argonaut/contracts';
import { Optional } from '@argonaut/contracts/rest';
import { Type } from 'typebox';
import type { RouteTable } from '../http/index.ts';

const DISCOVER_DEADLINE_MS = 15_000;

export function discoverRoutes(routes: RouteTable): void {
  routes.add({
    method: 'GET',
    path: '/workers/discover',
    scope: 'space',
    permission: 'WorkerEdit',
    summary: 'Asks a machine for the fingerprint of its SSH host key',
    query: Type.Object({
      host: Type.String({ minLength: 1 }),
      port: Optional(Type.Integer({ default: 22, minimum: 1, maximum: 65_535 })),
      type: Optional(Type.String({ default: 'Ssh' })),
      proxyId: Optional(Type.String({ default: '' })),
    }),
    handle: async ({ query, signal }) => {
      const { host, port = 22, type } = query;
      if (type !== undefined && type.toLowerCase() !== 'ssh') {
        throw new Invalid(`Only machines of type Ssh can be discovered here, not ${type}.`);
      }
      const { discoverHostKey } = await import('@argonaut/ssh');
      const within = AbortSignal.any([signal, AbortSignal.timeout(DISCOVER_DEADLINE_MS)]);
      const { fingerprint } = await discoverHostKey(host, port, within);
      const uri = `ssh://${host}:${port}/`;
      return {
        Id: null,
        Name: host,
        Uri: uri,
        Thumbprint: '',
        IsDisabled: false,
        WorkerPoolIds: [],
        Endpoint: { CommunicationStyle: 'Ssh', Host: host, Port: port, Uri: uri, Fingerprint: fingerprint },
        Links: {},
      };
    },
  });
}
