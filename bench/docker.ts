/** What deployments are compared with: `docker run --rm`, and the same Engine calls made without a server. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import type { Engine } from '@argonaut/runner/ports';
import Dockerode from 'dockerode';

const run = promisify(execFile);
const CALL_WITHIN_MS = 60_000;

/** Milliseconds of one `docker run --rm <image> sh -c <script>`. */
export async function dockerRun(image: string, script: string): Promise<number> {
  const began = performance.now();
  await run('docker', ['run', '--rm', image, 'sh', '-c', script]);
  return performance.now() - began;
}

/** Milliseconds of create, start, wait and remove, with a bridge endpoint of its own. */
export async function engineRun(engine: Engine, image: string, script: string): Promise<number> {
  const began = performance.now();
  const signal = AbortSignal.timeout(CALL_WITHIN_MS);
  const name = `argonaut-bench-${randomBytes(6).toString('hex')}`;
  const { id } = await engine.createContainer(name, { Image: image, Cmd: ['sh', '-c', script] }, signal);
  await engine.startContainer(id, signal);
  const code = await engine.waitContainer(id, signal);
  await engine.removeContainer(id, signal);
  if (code !== 0) throw new Error(`The container ended with ${code}.`);
  return performance.now() - began;
}

/** An attempt's container, from the engine's own events; the rest only if it could be looked at while it was there. */
export interface SeenContainer {
  readonly task: string;
  readonly attempt: string;
  looked?: {
    readonly fenced: boolean;
    readonly network: string;
  };
}

/** Listens to the engine's events and looks at every container that starts for an attempt of one data directory. */
export class ContainerWatch implements AsyncDisposable {
  readonly seen = new Map<string, SeenContainer>();
  readonly #docker = new Dockerode();
  readonly #looks = new Set<Promise<void>>();
  readonly #end = new AbortController();

  /** @param directory the data directory of the server whose attempts are meant. */
  static async open(directory: string): Promise<ContainerWatch> {
    const watch = new ContainerWatch();
    await watch.#listen(directory);
    return watch;
  }

  async #listen(directory: string): Promise<void> {
    const stream = await this.#docker.getEvents({
      filters: { type: ['container'], event: ['start'], label: ['argonaut.role=attempt'] },
      abortSignal: this.#end.signal,
    });
    stream.on('error', () => {});
    let rest = '';
    stream.on('data', (data: Buffer) => {
      const lines = (rest + data.toString()).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.#started(JSON.parse(line).Actor, directory);
    });
  }

  #started(
    actor: { readonly ID: string; readonly Attributes: Record<string, string> },
    directory: string,
  ): void {
    const { ID: id, Attributes: labels } = actor;
    if (!labels['argonaut.data']?.startsWith(directory)) return;
    const seen = { task: labels['argonaut.task'] ?? '', attempt: labels['argonaut.attempt'] ?? '' };
    this.seen.set(id, seen);
    const look = this.#look(id, seen).finally(() => this.#looks.delete(look));
    this.#looks.add(look);
  }

  async #look(id: string, seen: SeenContainer): Promise<void> {
    const answer = await this.#docker
      .getContainer(id)
      .inspect()
      .catch(() => undefined);
    if (answer === undefined) return;
    const { HostConfig: host } = answer;
    seen.looked = {
      network: host.NetworkMode ?? '',
      fenced:
        host.CapDrop?.includes('ALL') === true &&
        host.SecurityOpt?.includes('no-new-privileges') === true &&
        (host.PidsLimit ?? 0) > 0 &&
        host.Privileged !== true &&
        host.PidMode !== 'host',
    };
  }

  /** Every look that has begun is over. */
  async settled(): Promise<void> {
    await Promise.all(this.#looks);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.settled();
    this.#end.abort();
  }
}
