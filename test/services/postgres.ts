/**
 * A PostgreSQL server with a cluster of its own in a temporary directory (Debian's `postgresql`), reached over
 * a loopback port with a password, or over a Unix socket. Durability is off: the data lives as long as the run.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chown, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { requirePackages } from './packages.ts';
import { freePort, Program, serviceDirectory } from './process.ts';

const run = promisify(execFile);

export interface PostgresService {
  /** For ARGONAUT_DATABASE_URL, with the password; the database `postgres` is empty. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly username: string;
  readonly password: string;
  /** The directory of the socket `.s.PGSQL.<port>`. */
  readonly socketDirectory: string;
  /** Where `psql`, `createdb`, `pg_dump` … of the same version are. */
  readonly binDirectory: string;
}

export async function startPostgres() {
  await requirePackages('postgresql');
  const binDirectory = await newestBinDirectory();
  const directory = await serviceDirectory('postgres');
  const data = join(directory, 'data');
  const passwordFile = join(directory, 'password');
  const password = randomBytes(12).toString('hex');
  const username = 'postgres';
  // PostgreSQL refuses to run as root.
  const user = process.getuid?.() === 0 ? await idsOf('postgres') : undefined;
  await writeFile(passwordFile, password);
  if (user) for (const path of [directory, passwordFile]) await chown(path, user.uid, user.gid);
  const initdb = join(binDirectory, 'initdb');
  const authentication = ['--auth-host=scram-sha-256', '--auth-local=trust', '--username', username];
  await run(
    initdb,
    ['-D', data, ...authentication, `--pwfile=${passwordFile}`, '--no-sync', '--no-locale', '-E', 'UTF8'],
    { cwd: directory, timeout: 60_000, ...user },
  );
  const port = await freePort();
  const settings = [
    'listen_addresses=127.0.0.1',
    `port=${port}`,
    `unix_socket_directories=${directory}`,
    ...['fsync=off', 'synchronous_commit=off', 'full_page_writes=off'],
  ];
  const program = await Program.start({
    command: join(binDirectory, 'postgres'),
    args: ['-D', data, ...settings.flatMap((setting) => ['-c', setting])],
    logFile: join(directory, 'log'),
    ...(user ? { user } : {}),
    // SIGINT is PostgreSQL's fast shutdown; SIGTERM would wait for every client to leave.
    stopSignal: 'SIGINT',
    ready: () =>
      run(join(binDirectory, 'pg_isready'), ['-q', '-h', '127.0.0.1', '-p', String(port)]).then(
        () => true,
        () => false,
      ),
  });
  const description: PostgresService = {
    url: `postgresql://${username}:${password}@127.0.0.1:${port}/postgres`,
    host: '127.0.0.1',
    port,
    username,
    password,
    socketDirectory: directory,
    binDirectory,
  };
  const stop = async () => {
    await program.stop();
    await rm(directory, { recursive: true, force: true });
  };
  return { description, stop };
}

/** Debian keeps each major version in a directory of its own and puts none of the servers into the PATH. */
async function newestBinDirectory(): Promise<string> {
  const home = '/usr/lib/postgresql';
  const versions = (await readdir(home)).filter((entry) => /^\d+$/.test(entry)).map(Number);
  if (versions.length === 0) throw new Error(`no PostgreSQL server in ${home}: apt-get install postgresql`);
  return join(home, String(Math.max(...versions)), 'bin');
}

async function idsOf(user: string): Promise<{ uid: number; gid: number }> {
  const ask = async (flag: string) => Number((await run('id', [flag, user])).stdout);
  return { uid: await ask('-u'), gid: await ask('-g') };
}
