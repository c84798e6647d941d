/** Processes of the worker, started and ended by short scripts. They belong to no terminal and outlive the connection. */
import { InfrastructureFailure } from '@argonaut/contracts';
import type { Processes, ProcessIdentity, SpawnRequest } from '@argonaut/runner/ports';
import type { Connection } from './connection.ts';
import type { WorkerFacts } from './facts.ts';
import { pidIn, startTicksIn } from './proc.ts';
import { quote, quoteAll } from './quote.ts';
import { Sftp, SftpRefusal } from './sftp.ts';
import type { ScriptEnd, Shell } from './shell.ts';

const statBytes = 4_096;
const bootIdFile = '/proc/sys/kernel/random/boot_id';

export class SshProcesses implements Processes {
  readonly #connection: Connection;
  readonly #shell: Shell;
  readonly #facts: WorkerFacts;

  constructor(connection: Connection, shell: Shell, facts: WorkerFacts) {
    this.#connection = connection;
    this.#shell = shell;
    this.#facts = facts;
  }

  /**
   * Never repeated: when the connection is lost in the middle, nobody knows whether it was started. `setsid` makes the
   * session and does not fork, since a shell without job control starts no process group; so `$!` is the program itself.
   */
  async spawn({ argv, environment, cwd }: SpawnRequest, signal: AbortSignal): Promise<ProcessIdentity> {
    const [program = ''] = argv;
    const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
    const script = [
      `cd ${quote(cwd)} || exit 1`,
      `command -v ${quote(program)} >/dev/null || { echo 'there is no such program, or it cannot be run' >&2; exit 1; }`,
      `setsid env -i ${quoteAll([...variables, ...argv])} </dev/null >/dev/null 2>&1 &`,
      `cat ${bootIdFile}`,
      'cat "/proc/$!/stat" 2>/dev/null || echo "$! ()"',
    ].join('\n');
    const end = await this.#shell.run(script, signal, { repeatable: false });
    if (end.code !== 0) throw this.#failure(`Cannot start ${program}`, end);
    const [bootId = '', stat = ''] = lines(end);
    // Gone already: an identity that no living process has.
    return { pid: pidIn(stat), startTicks: startTicksIn(stat) ?? 0, bootId };
  }

  async isAlive(identity: ProcessIdentity, signal: AbortSignal): Promise<boolean> {
    const [boot, stat] = await Promise.all([
      this.#read(bootIdFile, signal),
      this.#read(`/proc/${identity.pid}/stat`, signal),
    ]);
    return boot?.trim() === identity.bootId && startTicksIn(stat ?? '') === identity.startTicks;
  }

  async kill(identity: ProcessIdentity, name: 'SIGTERM' | 'SIGKILL', signal: AbortSignal): Promise<void> {
    const { pid, startTicks, bootId } = identity;
    // Looked at and sent in one breath: another process must not get what was meant for this one.
    const script = [
      `[ "$(cat ${bootIdFile})" = ${quote(bootId)} ] || exit 0`,
      `read -r stat 2>/dev/null </proc/${pid}/stat || exit 0`,
      // Fields are counted from the bracket that closes the name; the start time is the 20th after it.
      `set -f; set -- \${stat##*) }`,
      `[ "\${20}" = ${startTicks} ] || exit 0`,
      `kill -s ${name.slice('SIG'.length)} ${pid}`,
    ].join('\n');
    const end = await this.#shell.run(script, signal);
    if (end.code === 0 || !(await this.isAlive(identity, signal))) return;
    throw this.#failure(`Cannot send ${name} to process ${identity.pid}`, end);
  }

  async findByAttempt(attempt: string, signal: AbortSignal): Promise<readonly ProcessIdentity[]> {
    const mark = quote(`ARGONAUT_ATTEMPT=${attempt}`);
    const script = [
      `cat ${bootIdFile}`,
      // Quick and coarse first; then whether it is a variable of its own. Other users' environments are closed to us.
      `for file in $(grep -alF ${mark} /proc/[0-9]*/environ 2>/dev/null); do`,
      `tr '\\000' '\\n' <"$file" 2>/dev/null | grep -qxF ${mark} && cat "\${file%/environ}/stat" 2>/dev/null`,
      'done',
      'true',
    ].join('\n');
    const end = await this.#shell.run(script, signal);
    if (end.code !== 0) throw this.#failure(`Cannot look for processes of ${attempt}`, end);
    const [bootId = '', ...stats] = lines(end);
    return stats.flatMap((stat) => {
      const startTicks = startTicksIn(stat);
      return startTicks === undefined ? [] : [{ pid: pidIn(stat), startTicks, bootId }];
    });
  }

  async platform(): Promise<{ readonly os: string; readonly architecture: string }> {
    const { os, architecture } = this.#facts;
    return { os, architecture };
  }

  async findProgram(candidates: readonly string[], signal: AbortSignal): Promise<string | undefined> {
    const script = [
      `PATH=${quote(this.#facts.path)}`,
      `for name in ${quoteAll(candidates)}; do`,
      'case "$name" in',
      '/*) [ -f "$name" ] && [ -x "$name" ] && echo "$name" && exit 0 ;;',
      '*) found=$(command -v -- "$name") && case "$found" in /*) echo "$found"; exit 0 ;; esac ;;',
      'esac',
      'done',
      'exit 0',
    ].join('\n');
    const end = await this.#shell.run(script, signal);
    if (end.code !== 0) throw this.#failure(`Cannot look for ${candidates.join(', ')}`, end);
    return lines(end)[0];
  }

  async #read(path: string, signal: AbortSignal): Promise<string | undefined> {
    return this.#connection.use(async (session) => {
      const sftp = new Sftp(session, signal);
      try {
        const handle = await sftp.openToRead(path);
        const bytes = await sftp.read(handle, 0, statBytes).finally(() => sftp.close(handle).catch(() => {}));
        return bytes.toString('latin1');
      } catch (error) {
        // ESRCH, when the process ends between the two, comes as a failure without a reason.
        if (error instanceof SftpRefusal) return undefined;
        throw error;
      }
    }, signal);
  }

  #failure(what: string, { code, stderr }: ScriptEnd): InfrastructureFailure {
    const why = stderr || `the script ended with ${code ?? 'a signal'}`;
    return new InfrastructureFailure(`${what} on ${this.#connection.name}: ${why}`);
  }
}

function lines({ stdout }: ScriptEnd): readonly string[] {
  return stdout
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '');
}
