/** A real registry behind a door that a test can shut, and images in it whose tags move and whose content goes away. */
import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { passwordRegistry } from '../../../../test/services.ts';

const MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';
const BASE = 'argonaut-test/busybox';

export interface ClosableRegistry extends AsyncDisposable {
  /** Of the door: what feeds and engines use. */
  readonly host: string;
  readonly credentials: { readonly username: string; readonly password: string };
  /** Nobody answers from here on. */
  shut(): Promise<void>;
  open(): Promise<void>;
  /** A repository that no test has used before. */
  repository(): Repository;
}

export interface Repository {
  readonly name: string;
  /** Makes an image that no engine has and whose `GREETING` is this text, and gives it the tag. @returns its digest */
  push(tag: string, greeting: string): Promise<string>;
  /** The content is gone, and every tag that meant it. */
  remove(digest: string): Promise<void>;
}

export async function closableRegistry(): Promise<ClosableRegistry> {
  const { host: behind, credentials } = await passwordRegistry();
  const [target = '', port = ''] = behind.split(':');
  const sockets = new Set<Socket>();
  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    return socket;
  };
  const door = (): Server =>
    createServer((near) => {
      const far = keep(connect(Number(port), target));
      keep(near).pipe(far).pipe(near);
      near.on('close', () => far.destroy());
      far.on('close', () => near.destroy());
    });
  let server = door();
  const listen = async (on: number) => {
    server = door().listen(on, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  };
  const shut = async () => {
    const closed = once(server, 'close');
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  const ownPort = await listen(0);

  const ask = async (method: string, path: string, expected: number, body?: Buffer, type?: string) => {
    const url = path.startsWith('http') ? path : `http://${behind}/v2/${path}`;
    const basic = Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64');
    const answer = await fetch(url, {
      method,
      headers: {
        authorization: `Basic ${basic}`,
        accept: MANIFEST,
        ...(type === undefined ? {} : { 'content-type': type }),
      },
      ...(body === undefined ? {} : { body: new Uint8Array(body) }),
      signal: AbortSignal.timeout(20_000),
    });
    const bytes = Buffer.from(await answer.arrayBuffer());
    if (answer.status !== expected) throw new Error(`${method} ${url}: ${answer.status} ${bytes.toString()}`);
    return { headers: answer.headers, bytes };
  };

  return {
    host: `127.0.0.1:${ownPort}`,
    credentials,
    shut,
    async open() {
      await listen(ownPort);
    },
    repository() {
      const name = `argonaut-test/locks-${randomUUID().slice(0, 8)}`;
      return {
        name,
        async push(tag, greeting) {
          const manifest = JSON.parse((await ask('GET', `${BASE}/manifests/1`, 200)).bytes.toString());
          const old = await ask('GET', `${BASE}/blobs/${manifest.config.digest}`, 200);
          const config = JSON.parse(old.bytes.toString());
          config.config.Env = [...(config.config.Env ?? []), `GREETING=${greeting}`];
          config.config.Labels = { run: randomUUID() };
          for (const { digest } of manifest.layers)
            await ask('POST', `${name}/blobs/uploads/?mount=${digest}&from=${BASE}`, 201);
          const bytes = Buffer.from(JSON.stringify(config));
          const upload = await ask('POST', `${name}/blobs/uploads/`, 202);
          const location = new URL(upload.headers.get('location') ?? '', `http://${behind}`);
          location.searchParams.set('digest', digestOf(bytes));
          await ask('PUT', location.href, 201, bytes, 'application/octet-stream');
          manifest.config = { ...manifest.config, digest: digestOf(bytes), size: bytes.length };
          const body = Buffer.from(JSON.stringify(manifest));
          await ask('PUT', `${name}/manifests/${tag}`, 201, body, MANIFEST);
          return digestOf(body);
        },
        async remove(digest) {
          await ask('DELETE', `${name}/manifests/${digest}`, 202);
        },
      };
    },
    async [Symbol.asyncDispose]() {
      if (server.listening) await shut();
    },
  };
}

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
