/** Turns what a build prints into lines that people read, and keeps the end of it for the case that it fails. */
import type { TellProgress } from '@argonaut/contracts/attempt';
import type { Clock } from '../ports/clock.ts';
import type { Instruction } from './dockerfile.ts';

/** Output is told in bundles: a build that prints much must not keep the log busy. */
const everyMs = 500;
/** More output than this is not told any more, only its end when the build fails. */
const mostBytes = 1_000_000;
const lastLines = 20;

const step = /^Step (\d+)\/(\d+) : /;
/** What the classic builder says of itself between the steps. */
const ofTheBuilder = /^( ---> |Removing intermediate container |Successfully (built|tagged) )/;
const colours = /\u001b\[[0-9;]*m/g;

export class BuildReport {
  readonly #what: string;
  readonly #instructions: readonly Instruction[];
  readonly #tell: TellProgress;
  readonly #clock: Clock;
  readonly #begun: number;
  readonly #last: string[] = [];
  #rest = '';
  #bundle: string[] = [];
  #timer: NodeJS.Timeout | undefined;
  #toldBytes = 0;
  #current: Instruction | undefined;

  constructor(what: string, instructions: readonly Instruction[], tell: TellProgress, clock: Clock) {
    this.#what = what;
    this.#instructions = instructions;
    // Building takes the place of pulling where the time of a task is shown.
    this.#tell = (line) => tell({ ...line, pulling: true });
    this.#clock = clock;
    this.#begun = clock.monotonic();
    this.#tell({ level: 'Info', message: `Building ${what}` });
  }

  /** The instruction that is being carried out. */
  get current(): Instruction | undefined {
    return this.#current;
  }

  /** The end of what it printed. */
  get lastOutput(): string {
    return [...this.#last, ...(this.#rest === '' ? [] : [this.#rest])].join('\n');
  }

  take(output: string): void {
    const lines = (this.#rest + output).replace(colours, '').split(/\r?\n/);
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#line(line.trimEnd());
    // Also when the program then says nothing for long.
    if (this.#bundle.length > 0) this.#timer ??= setTimeout(() => this.#flush(), everyMs);
  }

  /** Nothing more comes. */
  end(): void {
    if (this.#rest !== '') this.#line(this.#rest);
    this.#rest = '';
    this.#flush();
  }

  done(sizeBytes: number): void {
    const seconds = ((this.#clock.monotonic() - this.#begun) / 1000).toFixed(1);
    const megabytes = (sizeBytes / 1e6).toFixed(1);
    this.#tell({ level: 'Info', message: `Built ${this.#what} in ${seconds} s (${megabytes} MB)` });
  }

  #line(line: string): void {
    if (line === '' || ofTheBuilder.test(line)) return;
    const begins = step.exec(line);
    if (begins !== null) {
      this.#flush();
      this.#current = this.#instructions[Number(begins[1]) - 1];
      this.#last.length = 0;
      this.#tell({
        level: 'Info',
        message: `${this.#what}: step ${begins[1]} of ${begins[2]}: ${this.#title(line)}`,
      });
      return;
    }
    this.#last.push(line);
    if (this.#last.length > lastLines) this.#last.shift();
    if (this.#toldBytes > mostBytes) return;
    this.#toldBytes += line.length;
    this.#bundle.push(line);
    if (this.#toldBytes > mostBytes) this.#bundle.push('(more output of this build is not shown)');
  }

  /** As it is written: the engine may have been told of an image by another name. */
  #title(line: string): string {
    const text =
      this.#current === undefined
        ? line.replace(step, '')
        : `${this.#current.keyword} ${this.#current.rest.replace(/\s+/g, ' ')}`;
    return text.length > 120 ? `${text.slice(0, 120)}…` : text;
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#bundle.length === 0) return;
    this.#tell({ level: 'Verbose', message: this.#bundle.join('\n') });
    this.#bundle = [];
  }
}
