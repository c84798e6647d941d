/** The engine that DOCKER_HOST names, the docker command as a second witness, and what is cleared away afterwards. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { createDockerEngine, endpointFromDockerHost } from '../../src/docker/index.ts';

export type ImageStoreKind = 'classic' | 'containerd';

export class EngineUnderTest {
  readonly engine = createDockerEngine(endpointFromDockerHost(process.env.DOCKER_HOST));
  readonly #names: string[] = [];

  /** A container's name that no other has. */
  name(): string {
    const name = `argonaut-contract-${randomBytes(6).toString('hex')}`;
    this.#names.push(name);
    return name;
  }

  async docker(...args: string[]): Promise<string> {
    const { stdout } = await promisify(execFile)('docker', args, { timeout: 60_000 });
    return stdout.trim();
  }

  /** How the engine keeps images decides what its ids mean. */
  async store(): Promise<ImageStoreKind> {
    const status = await this.docker('info', '--format', '{{json .DriverStatus}}');
    return status.includes('io.containerd.snapshotter') ? 'containerd' : 'classic';
  }

  async inspect(
    name: string,
  ): Promise<{ readonly HostConfig: Record<string, unknown>; readonly State: { readonly Status: string } }> {
    const [found] = JSON.parse(await this.docker('inspect', '--type', 'container', name));
    return found;
  }

  async close(): Promise<void> {
    if (this.#names.length > 0) await this.docker('rm', '-f', '-v', ...this.#names).catch(() => '');
    await this.engine.close();
  }
}
