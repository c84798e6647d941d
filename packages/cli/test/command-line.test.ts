/** What the command says to wrong words, and what it does when its output is read slowly or by nobody. No step needs an engine. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { Secret } from '@argonaut/contracts';
import { describe, expect, it } from 'vitest';
import { WebSocketServer } from 'ws';
import { followTask } from '../src/follow/follow.ts';
import { openTerminal } from '../src/terminal/terminal.ts';
import { Desk } from './command-under-test.ts';

const bin = join(import.meta.dirname, '../bin/argonaut.js');

interface Command {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** @param hears what to do with what it says; true closes its output */
async function argonaut(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  hears: (out: string) => boolean = () => false,
): Promise<Command> {
  const child = spawn(process.execPath, [bin, ...args], {
    env: { ...process.env, FORCE_COLOR: undefined, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 60_000,
  });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    out += part;
    if (hears(out)) child.stdout.destroy();
  });
  child.stderr.setEncoding('utf8').on('data', (part: string) => {
    err += part;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, out, err };
}

async function serverThat(answers: RequestListener): Promise<{ readonly address: string } & AsyncDisposable> {
  const server = createServer(answers).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** A run that says more than a pipe holds, and a command of the shell that tells whether it has ended. */
async function muchOutput(desk: Desk) {
  const file = await desk.file(`
steps:
  - name: much
    run: yes 0123456789 | head -n 100000
`);
  const data = join(desk.directory, 'data');
  return { file, data, ended: `grep -qs '"completion"' ${data}/runs/*/run.json` };
}

const OCTOPUS_API_KEY = 'API-TEST';

describe('wrong words', () => {
  it.each([
    [['run', '--bogus'], "unknown option '--bogus'"],
    [['run', 'a.yaml', 'b.yaml'], 'too many arguments'],
    [['bogus'], "unknown command 'bogus'"],
    [['run'], 'Name a process file, or use --resume.'],
    [['run', 'a.yaml', '--resume'], 'Name either a process file (a.yaml) or a run to resume'],
    [
      ['follow', 'ServerTasks-1', '--server', 'localhost:8080'],
      '"localhost:8080" is not the address of a server',
    ],
    [
      ['terminal', 'ServerTasks-1', '--server', 'ftp://there'],
      '"ftp://there" is not the address of a server',
    ],
  ])('%j end with 2 and say what is wrong', async (args, words) => {
    const { code, err } = await argonaut(args, { OCTOPUS_API_KEY });
    expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining(words) });
  });

  it('is also a key that cannot be sent, which is not shown', async () => {
    const { code, err } = await argonaut(['follow', 'ServerTasks-1'], {
      OCTOPUS_API_KEY: 'API-\u0001SECRET',
    });
    expect(code).toBe(2);
    expect(err).toContain('characters that no key has');
    expect(err).not.toContain('SECRET');
  });

  it.each(['/dev/null', '/proc/1/argonaut'])(
    'are also a data directory that cannot be one: %s',
    async (ARGONAUT_DATA) => {
      const { code, err } = await argonaut(['run', '--resume'], { ARGONAUT_DATA });
      expect({ code, err }).toEqual({
        code: 2,
        err: expect.stringContaining(`ARGONAUT_DATA: ${ARGONAUT_DATA} cannot be the data directory. Name a`),
      });
    },
  );

  it('is also an address at which something else answers', async () => {
    await using other = await serverThat((_request, answer) => {
      answer.writeHead(200, { 'content-type': 'text/html' }).end('<h1>It works!</h1>');
    });
    const { code, err } = await argonaut(['follow', 'ServerTasks-1', '--server', other.address], {
      OCTOPUS_API_KEY,
    });
    expect(code).toBe(2);
    expect(err).toContain('Is this the address of an Argonaut server?');
  });
});

describe('output', () => {
  it('that is closed in the middle does not end a run', async () => {
    await using desk = await Desk.make();
    const file = await desk.file(`
steps:
  - name: first
    run: echo begun
  - name: second
    run: |
      for i in 1 2 3 4 5 6 7 8 9 10; do echo $i; sleep 0.1; done
      echo x >> ${desk.ledger}/second
`);
    const { code, err } = await argonaut(
      ['run', file],
      { ARGONAUT_DATA: join(desk.directory, 'data') },
      (out) => out.includes('begun'),
    );
    expect({ code, err }).toEqual({ code: 0, err: expect.stringContaining('The run goes on') });
    expect(await desk.starts()).toEqual({ second: 1 });
  });

  it('that nobody reads does not keep an interrupted command from ending', async () => {
    await using desk = await Desk.make();
    const { file, data, ended } = await muchOutput(desk);
    const child = spawn(process.execPath, [bin, 'run', file], {
      env: { ...process.env, ARGONAUT_DATA: data },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    child.stdout.pause();
    const exit = once(child, 'exit');
    await once(spawn('sh', ['-c', `until ${ended}; do sleep 0.1; done`]), 'close');
    const interrupting = setInterval(() => child.kill('SIGINT'), 200);
    const [code, signal] = await exit;
    clearInterval(interrupting);
    child.stdout.destroy();
    expect([code, signal]).toEqual([null, 'SIGINT']);
  });

  it('is whole when its reader begins after the run has ended', async () => {
    await using desk = await Desk.make();
    const { file, data, ended } = await muchOutput(desk);
    const pipe = `"$0" "$1" run "$2" | (until ${ended}; do sleep 0.1; done; sleep 1; grep -c 0123456789)`;
    const child = spawn('sh', ['-c', pipe, process.execPath, bin, file], {
      env: { ...process.env, ARGONAUT_DATA: data },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let counted = '';
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      counted += part;
    });
    await once(child, 'close');
    expect(counted.trim()).toBe('100000');
  });

  it('that is closed ends following quietly', async () => {
    await using server = await serverThat((_request, answer) => {
      answer.writeHead(200, { 'content-type': 'text/event-stream' });
      const event = (type: string, data: object) =>
        answer.write(`event: ${type}\ndata: ${JSON.stringify(data)}\n\n`);
      event('activity', { activity: 's', parent: 'task', name: 'Step 1: talk', kind: 'step' });
      const talking = setInterval(
        () => event('text', { activity: 's', source: 'stdout', level: 'Info', timeMs: 1, text: 'a line\n' }),
        20,
      );
      answer.on('close', () => clearInterval(talking));
    });
    const { code, err } = await argonaut(
      ['follow', 'ServerTasks-1', '--server', server.address],
      { OCTOPUS_API_KEY },
      (out) => out.includes('a line'),
    );
    expect({ code, err }).toEqual({ code: 141, err: '' });
  });
});

describe('a log that is followed', () => {
  it('is asked for no faster than it is read', async () => {
    const lines = 3;
    await using server = await serverThat((_request, answer) => {
      answer.writeHead(200, { 'content-type': 'text/event-stream' });
      const event = (type: string, data: object) =>
        answer.write(`event: ${type}\ndata: ${JSON.stringify(data)}\n\n`);
      event('activity', { activity: 's', parent: 'task', name: 'Step 1: talk', kind: 'step' });
      for (let line = 0; line < lines; line += 1)
        event('text', { activity: 's', source: 'stdout', level: 'Info', timeMs: 1, text: 'a line\n' });
      event('end', { state: 'Success', errorMessage: '' });
      answer.end();
    });
    const happened: string[] = [];
    const listener = { status: () => {}, line: () => void happened.push('line') };
    const caughtUp = async () => {
      await new Promise((resume) => setImmediate(resume));
      happened.push('read');
    };
    const signal = AbortSignal.timeout(30_000);
    const wanted = { server: server.address, apiKey: new Secret('API-TEST'), task: 'ServerTasks-1', signal };

    await followTask({ ...wanted, caughtUp }, listener);

    expect(happened).toEqual(['read', ...Array.from({ length: lines }, () => ['line', 'read']).flat()]);
  });
});

describe('a terminal', () => {
  it('ends when the server does not answer any more, for no key would end it', async () => {
    const sockets = new WebSocketServer({ port: 0, host: '127.0.0.1', autoPong: false });
    await once(sockets, 'listening');
    const address = `http://127.0.0.1:${(sockets.address() as AddressInfo).port}`;
    const screen = {
      input: new PassThrough(),
      output: new PassThrough(),
      term: 'dumb',
      size: () => ({ columns: 80, rows: 24 }),
      onResize: () => {},
      tell: () => {},
    };
    const wanted = { server: address, apiKey: new Secret('API-TEST'), task: 'ServerTasks-1' };

    await expect(openTerminal({ ...wanted, askEveryMs: 20, lostAfterMs: 300 }, screen)).rejects.toThrow(
      'it has not answered',
    );
    sockets.close();
  });
});
