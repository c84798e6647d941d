/**
 * Finds a program in a container that has been created but not started, so that a missing interpreter is told before
 * anything runs. What an image has is remembered: looking costs 4 to 45 ms a path. What is mounted over it is the step's own.
 */
import { Invalid } from '@argonaut/contracts';
import { imageTitle } from '../images/names.ts';
import type { Engine, ImageDetails } from '../ports/engine.ts';
import { type ContainerPlace, givenVariable, mountsOf, variableIn } from './container-config.ts';

const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** What people may have instead; looked for only when the wanted one is missing. */
const alternatives = ['bash', 'sh', 'python3', 'pwsh', 'busybox'];

const remembered = 500;

export class Interpreters {
  readonly #engine: Engine;
  readonly #found = new Map<string, string>();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** The first of `wanted` that is there; of an unknown image it is not remembered. `Invalid` names the image, what was looked for and what is there instead. */
  async find(
    containerId: string,
    place: ContainerPlace,
    image: ImageDetails | undefined,
    wanted: readonly string[],
    signal: AbortSignal,
  ): Promise<string> {
    const path = searchPath(image, place);
    // A name of ours may come to mean other content: a Dockerfile that is built once more.
    const key = image && mountsOf(place).length === 0 ? JSON.stringify([image.id, wanted, path]) : undefined;
    const known = key === undefined ? undefined : this.#found.get(key);
    if (known !== undefined) return known;
    for (const candidate of wanted) {
      const found = await this.#look(containerId, candidate, path, signal);
      if (found === undefined) continue;
      if (key !== undefined) this.#remember(key, found);
      return found;
    }
    throw await this.#missing(containerId, place, wanted, path, signal);
  }

  #remember(key: string, found: string): void {
    const oldest = this.#found.keys().next();
    if (this.#found.size >= remembered && !oldest.done) this.#found.delete(oldest.value);
    this.#found.set(key, found);
  }

  async #look(
    containerId: string,
    candidate: string,
    path: readonly string[],
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const places = candidate.startsWith('/')
      ? [candidate]
      : path.map((directory) => `${directory}/${candidate}`);
    for (const place of places) if (await this.#isProgram(containerId, place, signal)) return place;
    return undefined;
  }

  async #isProgram(containerId: string, path: string, signal: AbortSignal): Promise<boolean> {
    let state = await this.#engine.statPath(containerId, path, signal);
    if (state?.kind === 'link') state = await this.#engine.statPath(containerId, state.linkTarget, signal);
    return state?.kind === 'other' && (state.permissions & 0o111) !== 0;
  }

  async #missing(
    containerId: string,
    place: ContainerPlace,
    wanted: readonly string[],
    path: readonly string[],
    signal: AbortSignal,
  ): Promise<Invalid> {
    const there: string[] = [];
    for (const name of alternatives) {
      const found = wanted.includes(name) ? undefined : await this.#look(containerId, name, path, signal);
      if (found !== undefined) there.push(found);
    }
    // What is written for bash may do in another shell; a script in another language does not.
    const isForSh = wanted.includes('bash') && there.some((name) => name.endsWith('/sh'));
    const remedy = isForSh
      ? 'Set the script syntax to Sh (any POSIX shell), or use an image that has it.'
      : 'Use an image that has it, or the step type "Run a container", which needs no interpreter.';
    return new Invalid(
      `${imageTitle(place.image.reference)} has no ${wanted.join(' or ')}; ${
        there.length > 0
          ? `it has ${there.join(', ')}`
          : 'it has no shell and no other interpreter that we know'
      }. ${remedy}`,
      { details: { image: place.image.reference, wanted, there, remedy: isForSh ? 'Sh' : 'container' } },
    );
  }
}

function searchPath(image: ImageDetails | undefined, place: ContainerPlace): readonly string[] {
  const variable = givenVariable(place, 'PATH') ?? variableIn(image?.env, 'PATH');
  return (variable || defaultPath).split(':').filter((directory) => directory.startsWith('/'));
}
