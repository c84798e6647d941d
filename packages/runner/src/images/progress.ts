/** Turns the many lines of a pull into few that people read. */
import type { TellProgress } from '@argonaut/contracts/attempt';
import type { Clock } from '../ports/clock.ts';
import type { PullProgress } from '../ports/engine.ts';

const everyMs = 1_000;

interface Layer {
  status: string;
  current: number;
  total: number;
}

const finished = new Set(['Pull complete', 'Already exists']);

export class PullReport {
  readonly #reference: string;
  readonly #tell: TellProgress;
  readonly #clock: Clock;
  readonly #layers = new Map<string, Layer>();
  readonly #begun: number;
  #told: number;

  constructor(reference: string, digest: string, tell: TellProgress, clock: Clock) {
    this.#reference = reference;
    this.#tell = tell;
    this.#clock = clock;
    this.#begun = clock.monotonic();
    this.#told = this.#begun;
    tell({ level: 'Info', message: `Pulling image ${reference} (${digest})`, pulling: true });
  }

  take(line: PullProgress): void {
    const { layer, status } = line;
    if (layer === undefined || status.startsWith('Pulling from')) return;
    const known = this.#layers.get(layer) ?? { status, current: 0, total: 0 };
    const before = this.#layers.get(layer)?.status ?? '';
    if (status.startsWith('Retrying') && !before.startsWith('Retrying')) {
      this.#tell({
        level: 'Warning',
        message: `Pulling ${this.#reference}: layer ${layer} broke off; the engine tries again.`,
        pulling: true,
      });
    }
    known.status = status;
    if (status === 'Downloading') {
      known.current = line.currentBytes ?? known.current;
      known.total = line.totalBytes ?? known.total;
    }
    if (finished.has(status) || status === 'Download complete') known.current = known.total;
    this.#layers.set(layer, known);
    const now = this.#clock.monotonic();
    if (now - this.#told < everyMs) return;
    this.#told = now;
    this.#tell({ level: 'Verbose', message: this.#summary(), pulling: true });
  }

  done(sizeBytes: number): void {
    const seconds = ((this.#clock.monotonic() - this.#begun) / 1000).toFixed(1);
    const layers = this.#layers.size > 0 ? `, ${this.#layers.size} layers` : '';
    this.#tell({
      level: 'Info',
      message: `Image ${this.#reference} is ready after ${seconds} s (${megabytes(sizeBytes)} MB${layers})`,
      pulling: true,
    });
  }

  #summary(): string {
    const layers = [...this.#layers.values()];
    const ready = layers.filter(({ status }) => finished.has(status)).length;
    const current = layers.reduce((sum, layer) => sum + layer.current, 0);
    const total = layers.reduce((sum, layer) => sum + layer.total, 0);
    const extracting = layers.some(({ status }) => status === 'Extracting') ? ', extracting' : '';
    return `Pulling ${this.#reference}: ${ready} of ${layers.length} layers, ${megabytes(current)} of ${megabytes(total)} MB${extracting}`;
  }
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
