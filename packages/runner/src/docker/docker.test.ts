/** The engine's calls against a server that plays an engine: for answers that a real one cannot be made to give. */

import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { Secret } from '@argonaut/contracts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Engine } from '../ports/engine.ts';
import { chooseVersion } from './calls.ts';
import { createDockerEngine, endpointFromDockerHost, isConnectionError } from './index.ts';

const soon = () => AbortSignal.timeout(10_000);

describe('an engine', () => {
  let directory: string;
  let server: Server;
  let engine: Engine;
  let asked: IncomingMessage[];
  let answer: (request: IncomingMessage, response: ServerResponse) => void;
  let offered: string | undefined;

  beforeEach(async () => {
    directory = await mkdtemp('/tmp/argonaut-engine-');
    asked = [];
    offered = '1.41';
    server = createServer((request, response) => {
      if (request.url === '/_ping') {
        response.writeHead(200, offered === undefined ? {} : { 'Api-Version': offered }).end('OK');
        return;
      }
      asked.push(request);
      answer(request, response);
    }).listen(`${directory}/engine.sock`);
    await once(server, 'listening');
    engine = createDockerEngine({ kind: 'socket', path: `${directory}/engine.sock` });
  });
  afterEach(async () => {
    server.closeAllConnections();
    server.close();
    await rm(directory, { recursive: true, force: true });
  });

  const say = (status: number, message: string) => {
    answer = (_request, response) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ message }));
    };
  };

  it.each([
    ['1.41', '1.41'],
    ['1.56', '1.56'],
    ['1.60', '1.56'],
    ['2.0', '1.56'],
  ])('that offers API %s is spoken to in %s', async (version, spoken) => {
    offered = version;
    answer = (_request, response) => response.writeHead(200).end('[]');
    await engine.listContainers({}, soon());
    expect(asked[0]?.url).toMatch(new RegExp(`^/v${spoken}/containers/json`));
  });

  it('that is too old is refused with what to do', () => {
    expect(() => chooseVersion('1.24', 'here')).toThrow(/1\.40 \(Docker 19\.03\) or newer is needed/);
    expect(() => chooseVersion('', 'here')).toThrow(/of no version/);
  });

  it('that refuses the version is asked for it again', async () => {
    say(400, 'client version 1.41 is too old. Minimum supported API version is 1.44');
    await expect(engine.listContainers({}, soon())).rejects.toMatchObject({ kind: 'Invalid' });
    offered = '1.44';
    answer = (_request, response) => response.writeHead(200).end('[]');
    await engine.listContainers({}, soon());
    expect(asked.at(-1)?.url).toMatch(/^\/v1\.44\//);
  });

  it.each([
    [400, 'invalid mount', 'Invalid'],
    [401, 'no', 'Unauthorised'],
    [403, 'no', 'Forbidden'],
    [404, 'No such image: x', 'NotFound'],
    [409, 'Conflict. The container name "/x" is already in use', 'Conflict'],
    [429, 'slow down', 'Unavailable'],
    [
      500,
      'container create: creating container storage: the container name "c1" is already in use by 1',
      'Conflict',
    ],
    [500, 'something broke', 'InfrastructureFailure'],
    [503, 'no swarm', 'Unavailable'],
  ])('that answers %i "%s" means %s', async (status, message, kind) => {
    say(status, message);
    await expect(engine.createContainer('x', {}, soon())).rejects.toMatchObject({
      kind,
      details: { status, engineMessage: message },
    });
  });

  it('that is not there is told apart from one that says no', async () => {
    const away = createDockerEngine({ kind: 'socket', path: `${directory}/away.sock` });
    const failure: unknown = await away.listContainers({}, soon()).catch((error: unknown) => error);
    expect(isConnectionError(failure)).toBe(true);
    expect(String(failure)).toMatch(/no such socket. Start Docker/);
    say(500, 'no');
    expect(isConnectionError(await engine.listContainers({}, soon()).catch((error: unknown) => error))).toBe(
      false,
    );
  });

  it('that hangs up in the middle is a broken connection: nobody knows whether the call had its effect', async () => {
    answer = (request) => request.socket.destroy();
    expect(isConnectionError(await engine.startContainer('x', soon()).catch((error: unknown) => error))).toBe(
      true,
    );
  });

  it('that does not answer is not waited for when the caller leaves', async () => {
    answer = () => {};
    const leaving = new AbortController();
    const waiting = engine.waitContainer('x', leaving.signal);
    setTimeout(() => leaving.abort(new Error('left')), 20);
    await expect(waiting).rejects.toThrow('left');
  });

  it('hands a terminal over for good: who stops waiting can still tell its shell to end', async () => {
    answer = (_request, response) => response.writeHead(201).end('{"Id":"e1"}');
    const heard = new Promise<string>((resolve) => {
      server.on('upgrade', (_request, socket) => {
        socket.write('HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n');
        socket.once('data', (bytes) => resolve(bytes.toString()));
        socket.on('end', () => socket.end());
      });
    });
    const program = { argv: ['sh'], environment: [], workingDirectory: '/', columns: 80, rows: 24 };
    const leaving = new AbortController();
    const { stream } = await engine.terminal('x', program, leaving.signal);
    leaving.abort(new Error('left'));
    expect(stream.destroyed).toBe(false);
    stream.write('last words');
    expect(await heard).toBe('last words');
    stream.destroy();
  });

  it('whose terminal does not come is not waited for when the caller leaves', async () => {
    answer = (_request, response) => response.writeHead(201).end('{"Id":"e1"}');
    const leaving = new AbortController();
    server.on('upgrade', () => leaving.abort(new Error('left')));
    const program = { argv: ['sh'], environment: [], workingDirectory: '/', columns: 80, rows: 24 };
    await expect(engine.terminal('x', program, leaving.signal)).rejects.toThrow('left');
  });

  it('leaves fields out, and out means empty', async () => {
    answer = (_request, response) => response.writeHead(200).end('{"Id":"sha256:1","Config":{}}');
    expect(await engine.inspectImage('x', soon())).toEqual({
      id: 'sha256:1',
      repoTags: [],
      repoDigests: [],
      os: '',
      architecture: '',
      entrypoint: [],
      cmd: [],
      user: '',
      workingDir: '',
      env: [],
      volumes: [],
      sizeBytes: 0,
    });
  });

  it('gets credentials with padding, and only with the request that needs them', async () => {
    answer = (_request, response) => response.writeHead(200).end('{"Descriptor":{"digest":"sha256:1"}}');
    const credentials = { username: 'u', password: new Secret('p?>ÿ') };
    await engine.resolveImage('registry:5000/a/b:1', credentials, soon());
    const header = String(asked[0]?.headers['x-registry-auth']);
    expect(header.length % 4).toBe(0);
    expect(header).toMatch(/^[A-Za-z0-9_-]+=*$/);
    expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toEqual({
      username: 'u',
      password: 'p?>ÿ',
      serveraddress: 'registry:5000',
    });
    await engine.resolveImage('registry:5000/a/b:1', undefined, soon());
    expect(asked[1]?.headers['x-registry-auth']).toBeUndefined();
  });

  it('tells of a failed pull behind a 200', async () => {
    answer = (_request, response) => {
      response.writeHead(200);
      response.write(
        '{"status":"Pulling from a"}\r\n{"status":"Downloading","id":"l1","progressDetail":{"curr',
      );
      response.end(
        'ent":1,"total":2}}\r\n{"errorDetail":{"message":"manifest unknown"},"error":"manifest unknown"}\r\n',
      );
    };
    const lines: unknown[] = [];
    await expect(engine.pullImage('a', {}, (line) => lines.push(line), soon())).rejects.toThrow(
      /manifest unknown/,
    );
    expect(lines).toEqual([
      { status: 'Pulling from a' },
      { status: 'Downloading', layer: 'l1', currentBytes: 1, totalBytes: 2 },
    ]);
  });

  it('can be reached over a stream that somebody else makes', async () => {
    const path = `${directory}/engine.sock`;
    const tunnelled = createDockerEngine({
      kind: 'stream',
      name: 'a tunnel',
      connect: async () => connect(path),
    });
    answer = (_request, response) => response.writeHead(200).end('[]');
    expect(await tunnelled.listContainers({}, soon())).toEqual([]);
    const broken = createDockerEngine({
      kind: 'stream',
      name: 'a tunnel',
      connect: () => Promise.reject(new Error('the tunnel is closed')),
    });
    await expect(broken.listContainers({}, soon())).rejects.toThrow(/a tunnel: the tunnel is closed/);
  });
});

describe('DOCKER_HOST', () => {
  it.each([
    [undefined, { kind: 'socket', path: '/var/run/docker.sock' }],
    ['', { kind: 'socket', path: '/var/run/docker.sock' }],
    ['unix:///run/user/1000/docker.sock', { kind: 'socket', path: '/run/user/1000/docker.sock' }],
    ['tcp://10.0.0.1:2375', { kind: 'tcp', host: '10.0.0.1', port: 2375 }],
    ['http://engine', { kind: 'tcp', host: 'engine', port: 2375 }],
  ])('%s', (text, endpoint) => {
    expect(endpointFromDockerHost(text)).toEqual(endpoint);
  });

  it('of another kind is refused', () => {
    expect(() => endpointFromDockerHost('ssh://host')).toThrow(/DOCKER_HOST=ssh:\/\/host is not understood/);
  });
});
