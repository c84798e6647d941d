/**
 * Whether a container's user has a home that is his and can be written to. Where he has none he gets one in the attempt's
 * directory: too many programs fail without. What an image says is remembered, since looking costs 4 to 45 ms a path.
 */
import type { Writable } from 'node:stream';
import { extract, type Header } from 'tar-stream';
import type { Engine, ImageDetails } from '../ports/engine.ts';
import { type ContainerPlace, givenVariable, mountsOf, variableIn } from './container-config.ts';

const remembered = 500;
const mostPasswdBytes = 1024 * 1024;
const writeBit = 0o2;
const enterBit = 0o1;
const isNumber = /^\d+$/;

export class Homes {
  readonly #engine: Engine;
  readonly #needed = new Map<string, boolean>();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** True: the image gives this user no home that he could use. The container need not run. */
  async needed(
    containerId: string,
    place: ContainerPlace,
    image: ImageDetails,
    signal: AbortSignal,
  ): Promise<boolean> {
    // Whoever wrote it into the image, or among the container options, knows.
    if ((givenVariable(place, 'HOME') ?? variableIn(image.env, 'HOME')) !== undefined) return false;
    if (place.readOnlyRoot) return true;
    const asked = place.user ?? image.user;
    const [user = '', group = ''] = asked.split(':');
    if (user === '' || user === 'root' || /^0+$/.test(user)) return false;
    // A name of ours may come to mean other content: a Dockerfile that is built once more.
    // What is mounted over it is this container's own.
    const key = JSON.stringify([image.id, asked, mountsOf(place).length > 0 ? containerId : '']);
    const known = this.#needed.get(key);
    if (known !== undefined) return known;
    const needed = !(await this.#isUsable(containerId, user, group, signal));
    const oldest = this.#needed.keys().next();
    if (this.#needed.size >= remembered && !oldest.done) this.#needed.delete(oldest.value);
    this.#needed.set(key, needed);
    return needed;
  }

  async #isUsable(containerId: string, user: string, group: string, signal: AbortSignal): Promise<boolean> {
    const passwd = await this.#first(containerId, '/etc/passwd', signal);
    const entries = passwd?.content.split('\n').map((line) => line.split(':')) ?? [];
    // As the engine decides: digits are a number, never a name. Of a number that nobody has it makes the home `/`.
    const found = entries.find(([name, , uid = '']) =>
      isNumber.test(user) ? isNumber.test(uid) && Number(uid) === Number(user) : name === user,
    );
    const [, , uid = '', ownGroup = '', , home = ''] = found ?? [];
    const gid = isNumber.test(group) ? group : ownGroup;
    if (!home.startsWith('/') || home === '/') return false;
    const directory = await this.#first(containerId, home, signal);
    if (directory?.header.type !== 'directory') return false;
    const { mode = 0, uid: owner, gid: owners } = directory.header;
    // As the kernel decides: the first of these that fits is the one that counts.
    const shift = Number(uid) === owner ? 6 : Number(gid) === owners ? 3 : 0;
    const wanted = writeBit | enterBit;
    return ((mode >> shift) & wanted) === wanted;
  }

  /** The entry at the path, links followed, with its content when it is a small file. */
  async #first(
    containerId: string,
    path: string,
    signal: AbortSignal,
  ): Promise<{ readonly header: Header; readonly content: string } | undefined> {
    const state = await this.#engine.statPath(containerId, path, signal);
    const found = state?.kind === 'link' ? state.linkTarget : path;
    const archive = state && (await this.#engine.readPath(containerId, found, signal));
    if (!archive) return undefined;
    const tar = extract();
    archive.on('error', (error) => tar.destroy(error));
    // A stream in all but its type.
    archive.pipe(tar as unknown as Writable);
    try {
      for await (const entry of tar) {
        const { header } = entry;
        const parts: Buffer[] = [];
        if (header.type === 'file' && (header.size ?? 0) <= mostPasswdBytes)
          for await (const part of entry) parts.push(part as Buffer);
        return { header, content: Buffer.concat(parts).toString('utf8') };
      }
      return undefined;
    } finally {
      archive.destroy();
      tar.destroy();
    }
  }
}
