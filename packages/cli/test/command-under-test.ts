/** Runs the `argonaut` command as its users do: a process of its own, with a data directory of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const bin = join(import.meta.dirname, '../bin/argonaut.js');

export interface Ended {
  /** Exit code, or the signal that ended it. */
  readonly end: number | NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

export interface Started {
  readonly child: ChildProcess;
  /** Resolves when stdout holds the text. */
  said(text: string): Promise<void>;
  readonly ended: Promise<Ended>;
}

/** A data directory, a process file and a ledger in which steps count their own starts. */
export class Desk implements AsyncDisposable {
  readonly directory: string;

  private constructor(directory: string) {
    this.directory = directory;
  }

  static async make(): Promise<Desk> {
    const directory = await mkdtemp('/tmp/argonaut-run-');
    await mkdir(join(directory, 'ledger'), { mode: 0o777 });
    return new Desk(directory);
  }

  get ledger(): string {
    return join(this.directory, 'ledger');
  }

  async file(yaml: string): Promise<string> {
    const path = join(this.directory, 'process.yaml');
    await writeFile(path, yaml);
    return path;
  }

  start(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Started {
    const child = spawn(process.execPath, [bin, 'run', ...args], {
      // Test runners force colours on those that they start, and on CI for themselves too.
      env: {
        ...process.env,
        FORCE_COLOR: undefined,
        ARGONAUT_DATA: join(this.directory, 'data'),
        ...environment,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 90_000,
    });
    let out = '';
    let err = '';
    const waiting: { readonly text: string; readonly resolve: () => void }[] = [];
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      out += part;
      for (const { text, resolve } of waiting) if (out.includes(text)) resolve();
    });
    child.stderr.setEncoding('utf8').on('data', (part: string) => {
      err += part;
    });
    const ended = new Promise<Ended>((resolve) => {
      child.on('close', (code, signal) => resolve({ end: code ?? signal, out, err }));
    });
    return {
      child,
      ended,
      async said(text) {
        const heard = new Promise<void>((resolve) => waiting.push({ text, resolve }));
        if (out.includes(text)) return;
        const over = ended.then(({ end }) => {
          if (!out.includes(text))
            throw new Error(`It ended (${end}) before it said "${text}": ${out}${err}`);
        });
        await Promise.race([heard, over]);
      },
    };
  }

  run(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Ended> {
    return this.start(args, environment).ended;
  }

  /** Names of the runs that are stored, oldest first. */
  async runs(): Promise<readonly string[]> {
    return (await readdir(join(this.directory, 'data', 'runs')).catch(() => [])).sort();
  }

  runPath(run: string, ...parts: readonly string[]): string {
    return join(this.directory, 'data', 'runs', run, ...parts);
  }

  /** How often each step was started, as the steps themselves wrote down. */
  async starts(): Promise<Readonly<Record<string, number>>> {
    const counts: Record<string, number> = {};
    for (const name of await readdir(this.ledger)) {
      counts[name] = (await readFile(join(this.ledger, name), 'utf8')).split('\n').length - 1;
    }
    return counts;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
  }
}
