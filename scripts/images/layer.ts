/**
 * One layer of an image: a set of files, from Debian packages or written by us, packed into a tar whose bytes
 * depend on nothing but its content.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { posix } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { extract, pack } from 'tar-stream';
import type { ExtraFile } from './catalogue.ts';

/** The time of every file and image, so that equal content has equal digests. */
export const EPOCH = new Date('2026-01-01T00:00:00Z');

interface Entry {
  readonly type: 'file' | 'directory' | 'symlink';
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly content?: Buffer;
  readonly target?: string;
}

/** What to do with a path of a package: its new path, or null to leave it out. */
export type PathRule = (path: string) => string | null;

export class Layer {
  readonly #entries = new Map<string, Entry>();

  /** Paths are absolute here and relative in the tar. */
  file(path: string, content: Buffer | string, mode = 0o644, owner = { uid: 0, gid: 0 }): this {
    return this.#set(path, { type: 'file', mode, ...owner, content: Buffer.from(content) });
  }

  directory(path: string, mode = 0o755, owner = { uid: 0, gid: 0 }): this {
    return this.#set(path, { type: 'directory', mode, ...owner });
  }

  symlink(path: string, target: string): this {
    return this.#set(path, { type: 'symlink', mode: 0o777, uid: 0, gid: 0, target });
  }

  has(path: string): boolean {
    return this.#entries.has(path);
  }

  contentOf(path: string): Buffer {
    const content = this.#entries.get(path)?.content;
    if (content === undefined) throw new Error(`no file ${path} in this layer`);
    return content;
  }

  extra(files: readonly ExtraFile[]): this {
    for (const { path, content, mode, uid = 0, gid = 0 } of files) {
      if (path.endsWith('/')) this.directory(path.slice(0, -1), mode ?? 0o755, { uid, gid });
      else this.file(path, content ?? '', mode ?? 0o644, { uid, gid });
    }
    return this;
  }

  /** Adds the files of a `.deb`; its maintainer scripts are not run. */
  async deb(file: string, rule: PathRule = (path) => path): Promise<this> {
    const unpack = spawn('dpkg-deb', ['--fsys-tarfile', file], { stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = once(unpack, 'close');
    const tar = extract();
    const reading = pipeline(unpack.stdout, tar);
    for await (const entry of tar) {
      const { header } = entry;
      const content = await buffer(entry);
      const path = rule(posix.join('/', header.name).replace(/(.)\/$/, '$1'));
      if (path === null || path === '/') continue;
      const common = { mode: header.mode ?? 0o644, uid: header.uid ?? 0, gid: header.gid ?? 0 };
      if (header.type === 'directory') {
        if (!this.has(path)) this.#set(path, { type: 'directory', ...common });
      } else if (header.type === 'symlink') this.symlink(path, header.linkname ?? '');
      else if (header.type === 'link') {
        // A second name of a file that came earlier in the same package: kept as a copy.
        const first = rule(posix.join('/', header.linkname ?? ''));
        if (first !== null) this.#set(path, { type: 'file', ...common, content: this.contentOf(first) });
      } else if (header.type === 'file') this.#set(path, { type: 'file', ...common, content });
    }
    await reading;
    const [code] = await ended;
    if (code !== 0) throw new Error(`dpkg-deb could not unpack ${file} (exit code ${code})`);
    return this;
  }

  /** The whole layer as a tar: sorted by path, parents first, one time for all. */
  async tar(): Promise<Buffer> {
    const tar = pack();
    const whole = buffer(tar);
    for (const [path, entry] of [...this.#entries].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const name = entry.type === 'directory' ? `${path.slice(1)}/` : path.slice(1);
      const { type, mode, uid, gid, target, content = Buffer.alloc(0) } = entry;
      tar.entry(
        { name, type, mode, uid, gid, mtime: EPOCH, ...(target ? { linkname: target } : {}) },
        content,
      );
    }
    tar.finalize();
    return whole;
  }

  #set(path: string, entry: Entry): this {
    const parent = posix.dirname(path);
    if (parent !== '/' && !this.has(parent)) this.directory(parent);
    this.#entries.set(path, entry);
    return this;
  }
}
