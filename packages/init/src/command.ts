/** Command lines of argonaut-init. Each function returns the arguments after the program's own name. */

export interface RunArguments {
  /** Attempt directory as the process sees it. Default /argonaut. */
  readonly directory?: string;
  /** Directory that init makes (0700) for files from the gate; its parent must exist, on tmpfs. Default /run/argonaut/files. */
  readonly files?: string;
  /** How long to wait at the gate, in ms. Default one hour. */
  readonly gateMs?: number;
  /** Put into the program's environment as ARGONAUT_ATTEMPT, so that processes left by a killed init can be found. */
  readonly attempt?: string;
}

/** `argonaut-init run`: guard, gate, program. Policies that are known late (deadline, grace, …) go through the gate. */
export function runArguments(options: RunArguments = {}): string[] {
  return [
    'run',
    ...option('dir', options.directory),
    ...option('files', options.files),
    ...option('gate-ms', options.gateMs),
    ...option('attempt', options.attempt),
  ];
}

export interface SandboxArguments {
  /** After this many ms the sandbox ends by itself with code 252. Default one hour. */
  readonly deadlineMs?: number;
}

/** `argonaut-init sandbox`: waits as PID 1 of a network sandbox, reaps, ends with 0 on TERM. */
export function sandboxArguments(options: SandboxArguments = {}): string[] {
  return ['sandbox', ...option('deadline-ms', options.deadlineMs)];
}

export interface RelayArguments {
  readonly directory?: string;
  /** The newest epoch speaks; older relays are told `superseded`. Default 0. */
  readonly epoch?: number;
  /** Log offset at which to begin. Default 0. */
  readonly from?: number;
  /** The relay ends when its stdin was silent for so long. Default 60,000; send a ping each 20 s. */
  readonly idleMs?: number;
}

/** `argonaut-init ctl`: the long-lived relay for engines that share no file system with us. */
export function ctlArguments(options: RelayArguments = {}): string[] {
  return [
    'ctl',
    ...option('dir', options.directory),
    ...option('epoch', options.epoch),
    ...option('from', options.from),
    ...option('idle-ms', options.idleMs),
  ];
}

export interface ReadArguments {
  readonly directory?: string;
  readonly file?: 'log' | 'log.idx' | 'exit';
  readonly from?: number;
  /** First offset not to print. Default: the file's end at that moment. */
  readonly to?: number;
}

/** `argonaut-init read`: prints part of one file of the attempt directory, without a shell in the image. */
export function readArguments(options: ReadArguments = {}): string[] {
  return [
    'read',
    ...option('dir', options.directory),
    ...option('file', options.file),
    ...option('from', options.from),
    ...option('to', options.to),
  ];
}

/** `argonaut-init probe`: code 0 when something listens on this TCP port of the loopback interface, else 1. */
export function probeArguments(port: number): string[] {
  return ['probe', ...option('port', port)];
}

function option(name: string, value: string | number | undefined): string[] {
  return value === undefined ? [] : [`${name}=${value}`];
}
