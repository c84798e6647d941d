/** Servers that do not let us work: each is told by its name, with what to do. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { chmod, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { promisify } from 'node:util';
import { Secret } from '@argonaut/contracts';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../../test/services/process.ts';
import { connectSsh, discoverHostKey, faultOf, type SshOptions } from '../src/index.ts';
import { OwnSshd, type SshdSettings } from './own-sshd.ts';
import { optionsFor } from './ports.ts';

const soon = () => AbortSignal.timeout(30_000);

describe('an SSH server', () => {
  let sshd: OwnSshd;
  beforeAll(async () => {
    sshd = await OwnSshd.make();
  });
  afterEach(() => sshd.kill());
  afterAll(() => sshd.remove());

  const options = async (): Promise<SshOptions> => optionsFor(await sshd.describe());
  async function refusal(change: Partial<SshOptions> = {}): Promise<unknown> {
    try {
      const worker = await connectSsh({ ...(await options()), ...change }, soon());
      await worker.close();
      return undefined;
    } catch (error) {
      return error;
    }
  }

  it('that lets us in tells what machine it is', async () => {
    await sshd.start();
    await using worker = await connectSsh(await options(), soon());
    const { stdout } = await promisify(execFile)('uname', ['-m']);
    expect(worker.facts.os).toBe('linux');
    expect({ amd64: 'x86_64', arm64: 'aarch64' }[worker.facts.architecture]).toBe(stdout.trim());
  });

  it('shows its host key to people who want to compare it', async () => {
    await sshd.start();
    const shown = await discoverHostKey('127.0.0.1', sshd.port, soon());
    const { stdout } = await promisify(execFile)('ssh-keygen', ['-lf', sshd.at('host-ed25519.pub')]);
    expect(shown).toEqual({ type: 'ssh-ed25519', fingerprint: stdout.split(' ')[1] });
    expect(await refusal({ hostFingerprint: shown.fingerprint })).toBeUndefined();
  });

  it('may be known by any of its host keys', async () => {
    await sshd.start({ hostKeys: ['ed25519', 'ecdsa', 'rsa'] });
    for (const type of ['ed25519', 'ecdsa', 'rsa']) {
      expect(await refusal({ hostFingerprint: (await sshd.describe(type)).hostKey }), type).toBeUndefined();
    }
  });

  it('with another host key is not spoken to', async () => {
    await sshd.start({ hostKeys: ['ed25519', 'rsa'] });
    const error = await refusal({ hostFingerprint: `SHA256:${'A'.repeat(43)}` });
    expect(faultOf(error)).toBe('host-key-changed');
    expect(String(error)).toMatch(/ssh-ed25519 SHA256:.*ssh-rsa SHA256:/);
  });

  it('that is not there, or is none, or does not answer', async () => {
    await sshd.start();
    expect(faultOf(await refusal({ port: await freePort() }))).toBe('unreachable');
    expect(faultOf(await refusal({ host: 'no-such-host.invalid' }))).toBe('unreachable');
    for (const [greeting, fault] of [
      ['HTTP/1.1 400 Bad Request\r\n\r\n', 'handshake'],
      ['', 'unreachable'],
    ] as const) {
      const server = createServer((socket) => {
        socket.on('error', () => {});
        if (greeting !== '') socket.end(greeting);
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      const address = server.address();
      const port = typeof address === 'object' && address ? address.port : 0;
      expect(faultOf(await refusal({ port, connectDeadlineMs: 500 })), greeting).toBe(fault);
      server.close();
    }
  });

  it('that refuses the key, and keys that are none', async () => {
    await sshd.start();
    await sshd.makeKey('stranger', 'ed25519');
    const { readFile } = await import('node:fs/promises');
    const privateKey = new Secret(await readFile(sshd.at('stranger'), 'utf8'));
    expect(faultOf(await refusal({ authentication: { kind: 'key', privateKey } }))).toBe('authentication');
    const broken = await refusal({ authentication: { kind: 'key', privateKey: new Secret('no key') } });
    expect(broken).toMatchObject({ kind: 'Invalid' });
    const password = await refusal({ authentication: { kind: 'password', password: new Secret('hunter2') } });
    expect(faultOf(password)).toBe('authentication');
    expect(String(password)).not.toContain('hunter2');
  });

  const settings: readonly (readonly [string, SshdSettings, string, RegExp])[] = [
    ['without SFTP', { sftp: '' }, 'sftp', /Subsystem sftp internal-sftp/],
    [
      'whose SFTP talks',
      { sftp: '/bin/echo hello, I am no SFTP server at all' },
      'sftp',
      /start-up files print nothing/,
    ],
    ['that allows one session', { lines: ['MaxSessions 1'] }, 'sessions', /Set MaxSessions to 4 or more/],
  ];
  it.each(settings)('%s says what to change', async (_what, config, fault, remedy) => {
    await sshd.start(config);
    const error = await refusal();
    expect(faultOf(error), String(error)).toBe(fault);
    expect(String(error)).toMatch(remedy);
  });

  it('whose user has no shell says so', async () => {
    const script = sshd.at('nologin');
    await writeFile(
      script,
      '#!/bin/sh\n[ "$SSH_ORIGINAL_COMMAND" = "/bin/sh -s" ] || exec /usr/lib/openssh/sftp-server\necho This account is currently not available.\nexit 1\n',
    );
    await chmod(script, 0o755);
    await sshd.start({ sftp: '/usr/lib/openssh/sftp-server', lines: [`ForceCommand ${script}`] });
    const error = await refusal();
    expect(faultOf(error), String(error)).toBe('shell');
    expect(String(error)).toContain('This account is currently not available.');
  });

  it('whose shell talks before it works is understood', async () => {
    const script = sshd.at('noisy');
    await writeFile(
      script,
      '#!/bin/sh\n[ "$SSH_ORIGINAL_COMMAND" = "/bin/sh -s" ] || exec /usr/lib/openssh/sftp-server\necho "Welcome to $(hostname)"; echo "last login: never" >&2\nexec /bin/sh -s\n',
    );
    await chmod(script, 0o755);
    await sshd.start({ sftp: '/usr/lib/openssh/sftp-server', lines: [`ForceCommand ${script}`] });
    await using worker = await connectSsh(await options(), soon());
    await writeFile(sshd.at('file'), 'content');
    const bytes = await worker.files.readFile(sshd.at('file'), 100, soon());
    expect(Buffer.from(bytes ?? []).toString()).toBe('content');
  });

  it('that allows two sessions is enough for many scripts at once', async () => {
    await sshd.start({ lines: ['MaxSessions 2'] });
    await using worker = await connectSsh(await options(), soon());
    await Promise.all(
      Array.from({ length: 20 }, (_, index) => worker.files.remove(sshd.at(`no-${index}`), soon())),
    );
  });
});
