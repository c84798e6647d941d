/** What a fault run counted: kills, where they hit, what was checked, and every violation. */
export interface Violation {
  /** Repeats the case: `--seed`. */
  readonly seed: number;
  /** What was killed when, in order. */
  readonly history: readonly string[];
  readonly what: string;
}

export class Tally {
  kills = 0;
  /** Tasks led to their end. */
  tasks = 0;
  /** Starts that scripts counted themselves. */
  starts = 0;
  /** Streams compared by hash, and their bytes. */
  streams = 0;
  bytes = 0;
  readonly violations: Violation[] = [];
  readonly #kinds = new Map<string, number>();
  readonly #hits = new Map<string, number>();
  readonly #passes = new Map<string, number>();

  /** `kind`: `crash point`, `random moment`, …; `where`: the point, or what had happened last. */
  killed(kind: string, where: string): void {
    this.kills += 1;
    this.#kinds.set(kind, (this.#kinds.get(kind) ?? 0) + 1);
    const key = `${kind === 'crash point' ? 'at' : 'after'} ${where}`;
    this.#hits.set(key, (this.#hits.get(key) ?? 0) + 1);
  }

  /** Points that one process passed; the most passes of each are remembered. */
  passed(points: readonly string[]): void {
    const counts = new Map<string, number>();
    for (const point of points) counts.set(point, (counts.get(point) ?? 0) + 1);
    for (const [point, count] of counts) {
      if (count > (this.#passes.get(point) ?? 0)) this.#passes.set(point, count);
    }
  }

  /** How often one process may pass the point, 0 if none ever did. */
  passesOf(point: string): number {
    return this.#passes.get(point) ?? 0;
  }

  hitsOf(point: string): number {
    return this.#hits.get(`at ${point}`) ?? 0;
  }

  violation(seed: number, history: readonly string[], what: string): void {
    this.violations.push({ seed, history: [...history], what });
    process.stderr.write(`VIOLATION (case seed ${seed}; ${history.join(', ')}): ${what}\n`);
  }

  get kinds(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#kinds].toSorted());
  }

  get hits(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#hits].toSorted());
  }

  get points(): readonly string[] {
    return [...this.#passes.keys()].toSorted();
  }
}
