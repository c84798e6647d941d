/** What is known about images on the engine, so that starting a step needs no inspect call (10 ms and more on Docker 29). */
import { NotFound } from '@argonaut/contracts';
import type { Engine, ImageDetails } from '../ports/engine.ts';

const remembered = 500;

export class ImageKnowledge {
  readonly #engine: Engine;
  /** By the name that containers are created from, whose content never changes: a digest, an id, or a tag of ours. */
  readonly #details = new Map<string, ImageDetails>();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  remember(local: string, details: ImageDetails): void {
    const oldest = this.#details.keys().next();
    if (this.#details.size >= remembered && !oldest.done) this.#details.delete(oldest.value);
    this.#details.set(local, details);
  }

  forget(local: string): void {
    this.#details.delete(local);
  }

  /** Without asking the engine. */
  known(local: string): ImageDetails | undefined {
    return this.#details.get(local);
  }

  async details(local: string, signal: AbortSignal): Promise<ImageDetails> {
    const known = this.#details.get(local);
    if (known) return known;
    const found = await this.#engine.inspectImage(local, signal);
    if (!found) throw new NotFound(`Image ${local} is not on the worker.`);
    this.remember(local, found);
    return found;
  }
}
