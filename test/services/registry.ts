/** A Docker registry on loopback (Debian's `docker-registry`), open or behind a user name and password. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TestImage } from '../../scripts/images/catalogue.ts';
import { type RegistryAddress, RegistryWriter } from '../../scripts/images/registry.ts';
import type { ImageStore } from '../../scripts/images/store.ts';
import { requirePackages } from './packages.ts';
import { freePort, Program, serviceDirectory } from './process.ts';

export interface RegistryService extends RegistryAddress {
  /** Manifest digests of all test images, pushed as `<host>/argonaut-test/<name>:1`. */
  readonly images: Readonly<Record<TestImage, string>>;
  /** `<host>/argonaut-test/multi:1`: an index with busybox for amd64 and arm64. */
  readonly multiPlatform: {
    readonly repository: string;
    readonly digest: string;
    readonly platforms: readonly { readonly architecture: string; readonly digest: string }[];
  };
}

export async function startRegistry(options: { store: ImageStore; withPassword: boolean }) {
  await requirePackages('docker-registry', 'apache2-utils');
  const directory = await serviceDirectory('registry');
  const host = `127.0.0.1:${await freePort()}`;
  const credentials = options.withPassword
    ? { username: 'deployer', password: randomBytes(12).toString('hex') }
    : undefined;
  const configuration: Record<string, unknown> = {
    version: '0.1',
    log: { level: 'warn' },
    storage: { filesystem: { rootdirectory: join(directory, 'data') }, delete: { enabled: true } },
    http: { addr: host },
  };
  if (credentials) {
    const file = join(directory, 'htpasswd');
    const { username, password } = credentials;
    // -B: the registry takes bcrypt only.
    const { stdout } = await promisify(execFile)('htpasswd', ['-Bbn', username, password]);
    await writeFile(file, stdout);
    configuration.auth = { htpasswd: { realm: 'argonaut test registry', path: file } };
  }
  const configurationFile = join(directory, 'config.yml');
  // YAML contains JSON.
  await writeFile(configurationFile, JSON.stringify(configuration));
  const program = await Program.start({
    command: 'docker-registry',
    args: ['serve', configurationFile],
    logFile: join(directory, 'log'),
    ready: () =>
      fetch(`http://${host}/v2/`, { signal: AbortSignal.timeout(2_000) }).then(
        ({ status }) => status === 200 || status === 401,
        () => false,
      ),
  });
  const stop = async () => {
    await program.stop();
    await rm(directory, { recursive: true, force: true });
  };
  try {
    const address: RegistryAddress = credentials ? { host, credentials } : { host };
    const writer = new RegistryWriter(address, options.store);
    const images = Object.fromEntries(await writer.push()) as Record<TestImage, string>;
    const description: RegistryService = {
      ...address,
      images,
      multiPlatform: await writer.pushMultiPlatform(),
    };
    return { description, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
