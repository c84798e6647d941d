/**
 * When each image of ours was used last, and what references meant then: durable, since an image that is used once a week
 * must outlive restarts. Written a moment after a use, so the last seconds before a crash may be missing; that costs at
 * most a pull.
 */
import type { ImageDigests } from '@argonaut/contracts/attempt';
import type { Clock } from '../ports/clock.ts';
import type { Files } from '../ports/files.ts';

interface Use {
  /** Milliseconds since the epoch. */
  usedMs: number;
  /** References that meant it, by when. */
  readonly references: Record<string, number>;
  /** Of a built image: what those were that it was built from. */
  bases?: ImageDigests;
}

const fileName = 'image-uses.json';
const schema = 1;
const mostBytes = 16 * 1024 * 1024;
/** Uses come in bunches. */
const writeAfterMs = 1_000;
const writeDeadlineMs = 30_000;
/** A pipeline that names its images by build number must not make the table grow. */
const mostReferences = 50;

export interface ImageUsesOptions {
  readonly files: Files;
  readonly clock: Pick<Clock, 'now'>;
  readonly dataDirectory: string;
  readonly onProblem: (error: unknown) => void;
}

export class ImageUses {
  readonly #options: ImageUsesOptions;
  readonly #uses: Map<string, Use>;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  private constructor(options: ImageUsesOptions, uses: Map<string, Use>) {
    this.#options = options;
    this.#uses = uses;
  }

  /** A file that cannot be read is as good as none: every image then counts as used just now. */
  static async open(options: ImageUsesOptions, signal: AbortSignal): Promise<ImageUses> {
    const bytes = await options.files.readFile(`${options.dataDirectory}/${fileName}`, mostBytes, signal);
    return new ImageUses(options, bytes === undefined ? new Map() : read(bytes, options.onProblem));
  }

  /** A use; `meant` is a reference that meant it, now or at some moment (milliseconds since the epoch). */
  note(local: string, meant?: { readonly reference: string; readonly meantMs?: number }): void {
    const now = this.#options.clock.now();
    const use = this.#uses.get(local) ?? { usedMs: now, references: {} };
    use.usedMs = now;
    if (meant !== undefined) {
      const { reference, meantMs = now } = meant;
      use.references[reference] = Math.max(use.references[reference] ?? 0, meantMs);
    }
    const names = Object.entries(use.references).toSorted(([, a], [, b]) => b - a);
    for (const [name] of names.slice(mostReferences)) delete use.references[name];
    this.#uses.set(local, use);
    this.#writeSoon();
  }

  /** A use of a built image, whatever it was asked for as. */
  noteBuilt(local: string, bases: ImageDigests, reference?: string): void {
    this.note(local, reference === undefined ? undefined : { reference });
    const use = this.#uses.get(local);
    if (use !== undefined) use.bases = bases;
  }

  basesOf(local: string): ImageDigests | undefined {
    return this.#uses.get(local)?.bases;
  }

  /** Images that were built from these digests and nothing else: who is fixed to the digests would build them again. */
  builtFrom(digests: ReadonlySet<string>): readonly string[] {
    return [...this.#uses].flatMap(([local, { bases = {} }]) => {
      const begun = Object.values(bases);
      return begun.length > 0 && begun.every((digest) => digests.has(digest)) ? [local] : [];
    });
  }

  /** Of one that is seen for the first time: now. */
  usedMs(local: string): number {
    const known = this.#uses.get(local);
    if (known === undefined) this.note(local);
    return known?.usedMs ?? this.#options.clock.now();
  }

  /** The image that the reference meant when it was used last. */
  lastOf(reference: string): string | undefined {
    let last: { readonly local: string; readonly at: number } | undefined;
    for (const [local, { references }] of this.#uses) {
      const at = references[reference];
      if (at !== undefined && at >= (last?.at ?? 0)) last = { local, at };
    }
    return last?.local;
  }

  forget(local: string): void {
    if (this.#uses.delete(local)) this.#writeSoon();
  }

  /** What is known is on the disk when this resolves. */
  async close(): Promise<void> {
    if (this.#timer !== undefined) this.#write();
    await this.#writing;
  }

  #writeSoon(): void {
    this.#timer ??= setTimeout(() => this.#write(), writeAfterMs).unref();
  }

  #write(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const { files, dataDirectory, onProblem } = this.#options;
    this.#writing = this.#writing.then(async () => {
      const bytes = Buffer.from(JSON.stringify({ schema, images: Object.fromEntries(this.#uses) }));
      const signal = AbortSignal.timeout(writeDeadlineMs);
      await files.writeFile(`${dataDirectory}/${fileName}`, bytes, 0o600, signal).catch(onProblem);
    });
  }
}

function read(bytes: Uint8Array, onProblem: (error: unknown) => void): Map<string, Use> {
  try {
    const stored: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
    const { images } = stored as { readonly images: Readonly<Record<string, Use>> };
    return new Map(Object.entries(images));
  } catch (error) {
    onProblem(error);
    return new Map();
  }
}
