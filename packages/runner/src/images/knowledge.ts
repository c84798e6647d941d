/** What is known about images on the engine, so that starting a step needs no inspect call (10 ms and more on Docker 29). */
import { randomBytes } from 'node:crypto';
import { Invalid, NotFound } from '@argonaut/contracts';
import type { ContainerConfig, Engine, ImageDetails, ProgramSettings } from '../ports/engine.ts';

const remembered = 500;
/** For an image that names no program; it is never run. */
const anyProgram = ['argonaut-looks-only'];

export class ImageKnowledge {
  readonly #engine: Engine;
  readonly #labels: Readonly<Record<string, string>>;
  /** By the name that containers are created from: a digest, an id, or a tag of ours. What is built may be built once more. */
  readonly #details = new Map<string, ImageDetails>();
  /** Names of which the engine said nothing, and a container has told; with the id of the image that they meant then. */
  readonly #told = new Map<string, string>();

  /** @param labels of everything that this runner makes: what a crash leaves of it is found by them and removed */
  constructor(engine: Engine, labels: Readonly<Record<string, string>> = {}) {
    this.#engine = engine;
    this.#labels = labels;
  }

  remember(local: string, details: ImageDetails): void {
    if (this.#told.get(local) === details.id) return;
    this.#told.delete(local);
    const oldest = this.#details.keys().next();
    if (this.#details.size >= remembered && !oldest.done) this.forget(oldest.value);
    this.#details.set(local, details);
  }

  forget(local: string): void {
    this.#details.delete(local);
    this.#told.delete(local);
  }

  /** Without asking the engine. */
  known(local: string): ImageDetails | undefined {
    return this.#details.get(local);
  }

  async details(local: string, signal: AbortSignal): Promise<ImageDetails> {
    const seen = this.#details.get(local) ?? (await this.#engine.inspectImage(local, signal));
    // Somebody else may have found out meanwhile.
    const known = this.#details.get(local) ?? seen;
    if (!known) throw new NotFound(`Image ${local} is not on the worker.`);
    if (this.#told.get(local) === known.id || !saysNothing(known)) {
      this.remember(local, known);
      return known;
    }
    const told = { ...known, ...(await this.#fromContainer(local, signal)) };
    this.remember(local, told);
    this.#told.set(local, known.id);
    return told;
  }

  /** A container that is made from the image, and never started, has its settings. */
  async #fromContainer(local: string, signal: AbortSignal): Promise<ProgramSettings> {
    const create = (more: ContainerConfig = {}) =>
      this.#engine.createContainer(
        `argonaut-look-${randomBytes(12).toString('hex')}`,
        { Image: local, Labels: { ...this.#labels }, ...more },
        signal,
      );
    let named = true;
    const { id } = await create().catch((error: unknown) => {
      // The engine makes no container without a command.
      if (!(error instanceof Invalid)) throw error;
      named = false;
      return create({ Cmd: anyProgram });
    });
    try {
      const state = await this.#engine.inspectContainer(id, signal);
      if (!state) throw new NotFound(`The container that was to tell about image ${local} is gone.`);
      return named ? state.settings : { ...state.settings, cmd: [] };
    } finally {
      await this.#engine.removeContainer(id, signal);
    }
  }
}

/**
 * The containerd store of Docker 28.5 has an image all right, and makes containers of it, but shows neither its platform nor its
 * configuration when it did not have to fetch the layers, because another image had brought their content already. An image that
 * truly has no configuration is asked once, too.
 */
function saysNothing({ entrypoint, cmd, user, workingDir, env, volumes }: ImageDetails): boolean {
  return (
    user === '' && workingDir === '' && [entrypoint, cmd, env, volumes].every(({ length }) => length === 0)
  );
}
