/**
 * An SSH server on a loopback port (Debian's `openssh-server`) with keys and configuration of its own; the
 * machine's sshd and its settings are not touched. One user may log in, by key: the one who runs the tests.
 */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { requirePackages } from './packages.ts';
import { freePort, Program, serviceDirectory } from './process.ts';

export interface SshdService {
  readonly host: string;
  readonly port: number;
  readonly username: string;
  /** OpenSSH private key, no passphrase; the same as the content of `privateKeyFile`. */
  readonly privateKey: string;
  readonly privateKeyFile: string;
  /** The server's public host key, one `known_hosts` style line without the host: `ssh-ed25519 AAAA…`. */
  readonly hostKey: string;
  /** The listening server's process; connections have processes of their own. */
  readonly pid: number;
}

export async function startSshd() {
  await requirePackages('openssh-server', 'openssh-client');
  const directory = await serviceDirectory('sshd');
  const at = (file: string) => join(directory, file);
  const keygen = (file: string) =>
    promisify(execFile)('ssh-keygen', [
      '-q',
      '-t',
      'ed25519',
      '-N',
      '',
      '-C',
      'argonaut-test',
      '-f',
      at(file),
    ]);
  await Promise.all([keygen('host'), keygen('user')]);
  const port = await freePort();
  const { username, uid } = userInfo();
  // Privilege separation chroots there, and only the machine's own service would make it.
  if (uid === 0) await mkdir('/run/sshd', { recursive: true, mode: 0o755 });
  await writeFile(
    at('sshd_config'),
    [
      'ListenAddress 127.0.0.1',
      `Port ${port}`,
      `HostKey ${at('host')}`,
      `AuthorizedKeysFile ${at('user.pub')}`,
      `PidFile ${at('pid')}`,
      `AllowUsers ${username}`,
      // The directory lies under a world-writable /tmp.
      'StrictModes no',
      'PermitRootLogin prohibit-password',
      'PasswordAuthentication no',
      'KbdInteractiveAuthentication no',
      'UsePAM no',
      'AllowStreamLocalForwarding yes',
      'Subsystem sftp internal-sftp',
      'MaxSessions 100',
      'MaxStartups 100',
      'LogLevel VERBOSE',
      '',
    ].join('\n'),
  );
  await chmod(directory, 0o755);
  const program = await Program.start({
    // sshd executes itself anew for each connection and wants an absolute path.
    command: '/usr/sbin/sshd',
    args: ['-D', '-e', '-f', at('sshd_config')],
    logFile: at('log'),
    ready: () => answers(port),
  });
  const description: SshdService = {
    host: '127.0.0.1',
    port,
    username,
    privateKey: await readFile(at('user'), 'utf8'),
    privateKeyFile: at('user'),
    hostKey: (await readFile(at('host.pub'), 'utf8')).split(' ').slice(0, 2).join(' '),
    pid: program.pid,
  };
  const stop = async () => {
    await program.stop();
    await rm(directory, { recursive: true, force: true });
  };
  return { description, stop };
}

/** Whether an SSH greeting comes. */
async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    const [greeting] = await once(socket, 'data', { signal: AbortSignal.timeout(2_000) });
    return String(greeting).startsWith('SSH-2.0');
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
