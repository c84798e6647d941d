/** An SSH server of one test file: it can be killed, come back with other keys or settings, and its connections frozen. */
import { execFile } from 'node:child_process';
import { chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { requirePackages } from '../../../test/services/packages.ts';
import { freePort, Program, serviceDirectory } from '../../../test/services/process.ts';
import type { SshdService } from '../../../test/services/sshd.ts';

export interface SshdSettings {
  /** Types of host keys that it has; default `ed25519`. */
  readonly hostKeys?: readonly ('ed25519' | 'rsa' | 'ecdsa')[];
  readonly sftp?: string;
  readonly lines?: readonly string[];
}

const sftpInside = 'internal-sftp';

export class OwnSshd {
  readonly directory: string;
  readonly port: number;
  #program: Program | undefined;

  private constructor(directory: string, port: number) {
    this.directory = directory;
    this.port = port;
  }

  static async make(): Promise<OwnSshd> {
    await requirePackages('openssh-server', 'openssh-client');
    const sshd = new OwnSshd(await serviceDirectory('own-sshd'), await freePort());
    await chmod(sshd.directory, 0o755);
    await sshd.makeKey('user', 'ed25519');
    if (userInfo().uid === 0) await mkdir('/run/sshd', { recursive: true, mode: 0o755 });
    return sshd;
  }

  at(file: string): string {
    return join(this.directory, file);
  }

  /** A new key, also in place of an old one. */
  async makeKey(file: string, type: string): Promise<void> {
    await rm(this.at(file), { force: true });
    await promisify(execFile)('ssh-keygen', [
      '-q',
      '-t',
      type,
      '-N',
      '',
      '-C',
      'argonaut-test',
      '-f',
      this.at(file),
    ]);
  }

  async start({ hostKeys = ['ed25519'], sftp = sftpInside, lines = [] }: SshdSettings = {}): Promise<void> {
    for (const type of hostKeys) {
      await readFile(this.at(`host-${type}`)).catch(() => this.makeKey(`host-${type}`, type));
    }
    const settings = [
      'ListenAddress 127.0.0.1',
      `Port ${this.port}`,
      ...hostKeys.map((type) => `HostKey ${this.at(`host-${type}`)}`),
      `AuthorizedKeysFile ${this.at('user.pub')}`,
      `PidFile ${this.at('pid')}`,
      // The directory lies under a world-writable /tmp.
      'StrictModes no',
      'PermitRootLogin prohibit-password',
      'PasswordAuthentication no',
      'KbdInteractiveAuthentication no',
      'UsePAM no',
      ...(sftp === '' ? [] : [`Subsystem sftp ${sftp}`]),
      ...lines,
      '',
    ];
    await writeFile(this.at('sshd_config'), settings.join('\n'));
    this.#program = await Program.start({
      command: '/usr/sbin/sshd',
      args: ['-D', '-e', '-f', this.at('sshd_config')],
      logFile: this.at('log'),
      ready: async () => (await readFile(this.at('pid'), 'utf8').catch(() => '')) !== '',
    });
  }

  /** Kills the server and every connection it has, as a crash of the machine's SSH would. */
  async kill(): Promise<void> {
    const connections = await this.#connections();
    const pid = this.#program?.pid;
    if (pid !== undefined) process.kill(pid, 'SIGKILL');
    for (const each of connections) signalTo(each, 'SIGKILL');
    await this.#program?.stop();
    await rm(this.at('pid'), { force: true });
    this.#program = undefined;
  }

  /** What a network that swallows everything looks like: the connections are there, and nobody answers. */
  async freezeConnections(): Promise<void> {
    for (const each of await this.#connections()) signalTo(each, 'SIGSTOP');
  }

  /** The network is back; whatever waited in it arrives. */
  async thawConnections(): Promise<void> {
    for (const each of await this.#connections()) signalTo(each, 'SIGCONT');
  }

  async describe(type = 'ed25519'): Promise<SshdService> {
    return {
      host: '127.0.0.1',
      port: this.port,
      username: userInfo().username,
      privateKey: await readFile(this.at('user'), 'utf8'),
      privateKeyFile: this.at('user'),
      hostKey: (await readFile(this.at(`host-${type}.pub`), 'utf8')).split(' ').slice(0, 2).join(' '),
      pid: this.#program?.pid ?? 0,
    };
  }

  async remove(): Promise<void> {
    if (this.#program) await this.kill();
    await rm(this.directory, { recursive: true, force: true });
  }

  /** Processes of sshd below the listening one: those that hold connections, not the shells below them. */
  async #connections(): Promise<readonly number[]> {
    const parents = new Map<number, number>();
    for (const name of await readdir('/proc')) {
      const stat = /^\d+$/.test(name) ? await readFile(`/proc/${name}/stat`, 'latin1').catch(() => '') : '';
      const found = /^(\d+) \(sshd[^)]*\) \S (\d+)/.exec(stat);
      if (found) parents.set(Number(found[1]), Number(found[2]));
    }
    const below = (pid: number): boolean => {
      const parent = parents.get(pid);
      return parent !== undefined && (parent === this.#program?.pid || below(parent));
    };
    return [...parents.keys()].filter(below);
  }
}

function signalTo(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Gone with its parent.
  }
}
