/**
 * One shell on the worker that runs script after script: `/bin/sh -s`, fed through its standard input. It is started once,
 * because a login shell reads its start-up files first, and those can take longer than all the rest (measured: 500 ms
 * with a version manager in `.bashrc`, against 3 ms for a script here). The command is the same constant word for every
 * login shell, and no argument shows in a list of processes.
 *
 * Each script runs in a subshell of its own. What it prints ends with a mark that nobody can guess.
 */
import { randomBytes } from 'node:crypto';
import { InfrastructureFailure } from '@argonaut/contracts';
import type { ClientChannel } from 'ssh2';
import { sshFailure } from './errors.ts';
import type { Session } from './session.ts';

export interface ScriptEnd {
  readonly code: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

const command = '/bin/sh -s';
const mostNoise = 64 * 1024;
const mostErrorText = 64 * 1024;

export class ShellProcess {
  readonly session: Session;
  readonly #channel: ClientChannel;
  readonly #stdout = new MarkedStream();
  readonly #stderr = new MarkedStream();
  #heard: () => void = () => {};
  #over = false;

  private constructor(session: Session, channel: ClientChannel) {
    this.session = session;
    this.#channel = channel;
    channel.on('data', (part: Buffer) => this.#take(this.#stdout, part));
    channel.stderr.on('data', (part: Buffer) => this.#take(this.#stderr, part));
    // A broken channel is closed next, and that is what everybody waits for.
    channel.on('error', () => {});
    channel.on('close', () => {
      this.#over = true;
      this.#heard();
    });
  }

  /** What start-up files print comes before the first mark, and is forgotten. */
  static async start(session: Session, worker: string, signal: AbortSignal): Promise<ShellProcess> {
    const shell = new ShellProcess(session, await session.exec(command, signal));
    try {
      await shell.#send('true', '</dev/null', mostNoise, signal);
      return shell;
    } catch (error) {
      shell.close();
      if (session.isLost || signal.aborted || !shell.#over) throw error;
      const said = `${shell.#stdout.text()}${shell.#stderr.text()}`.trim().slice(0, 200);
      throw sshFailure(
        'shell',
        `${worker} does not run /bin/sh for us${said === '' ? '' : `, but says "${said}"`}. The user's login shell must be a shell (not nologin), and no ForceCommand may stand in sshd_config or authorized_keys there.`,
        error,
      );
    }
  }

  get isOver(): boolean {
    return this.#over;
  }

  /** Runs one script. While it runs there is no other; after an error this shell is of no use any more. */
  run(script: string, maxBytes: number, signal: AbortSignal, mayTakeLong: boolean): Promise<ScriptEnd> {
    return this.#send(script, '</dev/null', maxBytes, signal, mayTakeLong ? Infinity : undefined);
  }

  /** Runs a script that prints one line and then has to wait, until `use` is done with what the line names. */
  async during<T>(
    script: string,
    use: (line: string) => Promise<T>,
    signal: AbortSignal,
  ): Promise<{ readonly used: T } | ScriptEnd> {
    const line = Promise.withResolvers<string>();
    this.#stdout.onFirstLine = line.resolve;
    const ending = this.#send(`${script}\nread -r _`, '', mostNoise, signal);
    const first = await Promise.race([line.promise, ending]);
    if (typeof first !== 'string') return first;
    try {
      return { used: await use(first) };
    } finally {
      this.#channel.write('\n');
      await ending;
    }
  }

  close(): void {
    this.#over = true;
    this.#channel.close();
  }

  async #send(
    script: string,
    input: string,
    maxBytes: number,
    signal: AbortSignal,
    limitMs?: number,
  ): Promise<ScriptEnd> {
    const mark = `argonaut-${randomBytes(12).toString('hex')}`;
    this.#stdout.begin(mark, maxBytes);
    this.#stderr.begin(mark, mostErrorText);
    return this.session.ask<ScriptEnd>(
      'run a script',
      (done) => {
        this.#heard = () => {
          const end = this.#ended();
          if (end instanceof Error) done(end, undefined as never);
          else if (end) done(undefined, end);
        };
        this.#channel.write(
          `(\n${script}\n) ${input}\nprintf '\\n%s %s\\n' ${mark} $?\nprintf '\\n%s \\n' ${mark} >&2\n`,
        );
        this.#heard();
      },
      signal,
      undefined,
      limitMs,
    );
  }

  #ended(): ScriptEnd | Error | undefined {
    if (this.#stdout.isTooLong) return new InfrastructureFailure('A script printed more than was expected.');
    const stdout = this.#stdout.end();
    const stderr = this.#stderr.end();
    if (stdout && stderr) {
      return {
        code: Number(stdout.rest),
        stdout: stdout.before,
        stderr: stderr.before.toString('utf8').trim(),
      };
    }
    return this.#over
      ? sshFailure('shell', 'The shell on the worker ended in the middle of a script.')
      : undefined;
  }

  #take(stream: MarkedStream, part: Buffer): void {
    stream.add(part);
    this.#heard();
  }
}

/** What came since a script was begun, up to its mark. */
class MarkedStream {
  onFirstLine: ((line: string) => void) | undefined;
  #parts: Buffer[] = [];
  #size = 0;
  #mark = '';
  #maxBytes = 0;

  begin(mark: string, maxBytes: number): void {
    this.#mark = mark;
    // Beside the output there are the mark and its code.
    this.#maxBytes = maxBytes + mark.length + 16;
    this.#parts = [];
    this.#size = 0;
  }

  get isTooLong(): boolean {
    return this.#size > this.#maxBytes;
  }

  add(part: Buffer): void {
    this.#parts.push(part);
    this.#size += part.length;
    if (!this.onFirstLine) return;
    const text = this.text();
    const end = text.indexOf('\n');
    // A script that says nothing begins with the line break before its mark.
    if (end <= 0) return;
    this.onFirstLine(text.slice(0, end));
    this.onFirstLine = undefined;
  }

  end(): { readonly before: Buffer; readonly rest: string } | undefined {
    const all = this.#whole();
    const at = all.lastIndexOf(`\n${this.#mark} `);
    if (at < 0) return undefined;
    const rest = all.toString('utf8', at + this.#mark.length + 2);
    return rest.endsWith('\n') ? { before: all.subarray(0, at), rest: rest.trim() } : undefined;
  }

  text(): string {
    return this.#whole().toString('utf8');
  }

  #whole(): Buffer {
    const whole = this.#parts.length === 1 ? this.#parts[0] : Buffer.concat(this.#parts);
    this.#parts = whole ? [whole] : [];
    return whole ?? Buffer.alloc(0);
  }
}
