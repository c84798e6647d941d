/**
 * What a worker is told about an attempt: one execution of one action on one worker. It comes in two parts. The
 * specification is known early and creates the container; the late values (program, environment, secrets,
 * deadline) go through the gate when the attempt's turn has come. No field is Docker's own except `docker`, so
 * that another kind of worker can carry the same attempt.
 */
import Type, { type Static } from 'typebox';
import type { Secret } from '../secret.ts';
import { ContainerPolicy } from './container-policy.ts';
import { type LateService, ServiceLog, ServiceName } from './services.ts';

/** Attempt ids are also container and directory names: lower case, digits and dashes, at most 100 characters. */
export const AttemptId = Type.String({ pattern: '^[a-z0-9][a-z0-9-]{0,99}$' });

/** An image as it was found by the acquisition phase. */
export const AcquiredImage = Type.Object({
  /** What the user wrote, for messages: `registry/repository:tag`. */
  reference: Type.String(),
  /** Index digest of the repository that was asked for; absent for an image that exists only on the worker. */
  digest: Type.Optional(Type.String()),
  /** What the engine is asked to create from: a name of ours, or `repository@digest`. Valid on this worker only. */
  local: Type.String(),
  os: Type.String(),
  architecture: Type.String(),
});
export type AcquiredImage = Static<typeof AcquiredImage>;

/** One version of a package in one form, by its content: what is on a worker under this hash is this package. */
export const AcquiredPackage = Type.Object({
  packageId: Type.String(),
  version: Type.String(),
  /** With its dot: `.zip`, `.tar.gz`. */
  extension: Type.String({ pattern: '^(\\.[A-Za-z0-9]{1,16}){0,3}$' }),
  /** Of the file as it was pushed, lower case hex. */
  sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }),
  /** Unpacked, or the file that it is. */
  extract: Type.Boolean(),
});
export type AcquiredPackage = Static<typeof AcquiredPackage>;

/** A package that the step finds in its directory before it begins. */
export const StepPackage = Type.Object({
  /**
   * Name of the reference: unpacked it is the directory `<name>`, else the file `<name><extension>`. Empty for the step's
   * own package: unpacked it is the step's directory itself, else the file `<packageId>.<version><extension>`.
   */
  name: Type.String(),
  ...AcquiredPackage.properties,
});
export type StepPackage = Static<typeof StepPackage>;

/** Where it lies, relative to the step's directory; empty for the directory itself. */
export function packagePath({ name, packageId, version, extension, extract }: StepPackage): string {
  if (name === '') return extract ? '' : `${packageId}.${version}${extension}`;
  return extract ? name : `${name}${extension}`;
}

/** Limits; absent means the worker pool's default. */
export const Limits = Type.Object({
  /** CPUs, fractions allowed. */
  cpus: Type.Optional(Type.Number({ exclusiveMinimum: 0 })),
  memoryBytes: Type.Optional(Type.Integer({ minimum: 6 * 1024 * 1024 })),
  /** Threads count too, and so do those of the engine's runtime while it starts the container: below 16 that fails now and then. */
  pids: Type.Optional(Type.Integer({ minimum: 16 })),
});
export type Limits = Static<typeof Limits>;

/** `lane`: the lane's shared sandbox; `none`: no network; `own`: an endpoint of its own on the default network. */
export const NetworkMode = Type.Union([Type.Literal('lane'), Type.Literal('none'), Type.Literal('own')]);

/** Where the program runs. */
export const Place = Type.Union([
  Type.Object({
    kind: Type.Literal('container'),
    image: AcquiredImage,
    network: NetworkMode,
    /** `uid[:gid]` or a name in the image; absent means the image's own. */
    user: Type.Optional(Type.String()),
    readOnlyRoot: Type.Optional(Type.Boolean()),
    extraHosts: Type.Optional(Type.Array(Type.String())),
    dns: Type.Optional(Type.Array(Type.String())),
    /** Run the image's ENTRYPOINT and CMD (with replacements) rather than a script. */
    entrypoint: Type.Optional(
      Type.Object({
        command: Type.Optional(Type.Array(Type.String())),
        arguments: Type.Optional(Type.Array(Type.String())),
      }),
    ),
    /** Options that only a Docker engine understands, already checked against the pool's policy. */
    docker: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  }),
  Type.Object({ kind: Type.Literal('host') }),
]);
export type Place = Static<typeof Place>;

/** A container beside the step's own; what of it is secret or known late comes as `LateService`. */
export const ServiceSpec = Type.Object({
  name: ServiceName,
  image: AcquiredImage,
  /** `uid[:gid]` or a name in the image; absent means the image's own. */
  user: Type.Optional(Type.String()),
  limits: Limits,
  /** From TERM to KILL when the step is over, milliseconds. */
  graceMs: Type.Integer({ minimum: 0 }),
  log: ServiceLog,
});
export type ServiceSpec = Static<typeof ServiceSpec>;

/** Everything that must be known to stage an attempt. Stored in the journal: it holds no secret. */
export const AttemptSpec = Type.Object({
  attempt: AttemptId,
  /** Task id, such as `ServerTasks-12`; a label on everything that is created. */
  task: Type.String(),
  /** Id of the server installation, so that two servers on one engine leave each other alone. */
  server: Type.String(),
  /** Consecutive steps of one lane share a network sandbox. */
  lane: Type.String(),
  /** What the log and messages call it: the step's name. */
  title: Type.String(),
  place: Place,
  limits: Limits,
  /** What the pool allows: the worker refuses whatever goes beyond it. Absent: the caller answers for everything. */
  policy: Type.Optional(ContainerPolicy),
  /** Containers beside the step's, in its network; absent means none. Only for a step in a container. */
  services: Type.Optional(Type.Array(ServiceSpec)),
  /** Copied into the step's directory from what `acquirePackage` brought; absent means none. */
  packages: Type.Optional(Type.Array(StepPackage)),
  /**
   * Interpreters that will do, best first (absolute paths or names looked up in PATH); empty for a place that runs
   * its own program. Looked for in the created container before anything runs.
   */
  interpreters: Type.Array(Type.String()),
  /** One pipe for stdout and stderr: exact order, no tags. */
  oneStream: Type.Boolean(),
  /** A program that wrote to stderr has failed, whatever its exit code. Needs two streams. Absent means no. */
  failOnErrorOutput: Type.Optional(Type.Boolean()),
  /** False: `##octopus[…]` lines are ordinary text. */
  serviceMessages: Type.Boolean(),
  /** How long init waits at the gate before it ends by itself. */
  gateDeadlineMs: Type.Integer({ minimum: 1 }),
  /** On failure keep the container for a person to look into; 0 means do not. */
  holdOnFailureMs: Type.Integer({ minimum: 0 }),
  /** Host steps: `end` kills what the step leaves behind, `linger` lets daemons live. */
  leftovers: Type.Union([Type.Literal('end'), Type.Literal('linger')]),
});
export type AttemptSpec = Static<typeof AttemptSpec>;

/** A file that init writes for the program: in a tmpfs in the container, never on a disk. */
export interface LateFile {
  /** A plain file name, no slash. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** A value to hide, and the name that the mask shows. */
export interface NamedSecret {
  readonly name: string;
  readonly value: Secret;
}

/**
 * Values that the worker puts into files of the step's packages before the program runs. Patterns are relative to the
 * step's directory, one a line. A file that comes out otherwise because of a sensitive value is never written to a disk:
 * it goes through the gate, and a link in its place leads to it.
 */
export interface FileConfiguration {
  /** Templates by name, not evaluated yet; `null` is a variable without a value. */
  readonly variables: Readonly<Record<string, string | null>>;
  /** Which of them are. */
  readonly sensitive: readonly string[];
  /** What `NowDate` and its like show, milliseconds since the epoch. */
  readonly nowMs: number;
  /** A script of a package: templates in it are filled in, and for a POSIX shell its line ends are made the shell's. */
  readonly script?: { readonly path: string; readonly posix: boolean };
  readonly substitute?: {
    readonly targets: string;
    /** What cannot be resolved fails the step; otherwise it stays as it is. */
    readonly failOnUnresolved: boolean;
    readonly warnOfNoMatch: boolean;
  };
  readonly structured?: {
    readonly targets: string;
    /** Every file is JSON, whatever its name. */
    readonly jsonOnly: boolean;
    /** A value in which something cannot be resolved fails the step; otherwise it goes into the file as it is, with a warning. */
    readonly failOnUnresolved: boolean;
  };
}

/** What goes through the gate. Never stored: rebuilt from the variables whenever it is needed. */
export interface LateValues {
  /**
   * The program; `{interpreter}` stands for the one that was found, `{files}` for the directory of the late files and
   * `{work}` for the step's directory. Empty: the image's own ENTRYPOINT and CMD. As the first word `{entrypoint}` stands
   * for the words of the image's ENTRYPOINT, so that arguments, which may hold secrets, go through the gate.
   */
  readonly argv: readonly string[];
  /** Working directory; absent: the step's directory, or the image's WORKDIR for an entrypoint. */
  readonly cwd?: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly files: readonly LateFile[];
  readonly configuration?: FileConfiguration;
  /** One for each service of the specification. */
  readonly services?: readonly LateService[];
  readonly secrets: readonly NamedSecret[];
  /** Time-out of the program, 0 for none. Held by init, so it also holds while the server is away. */
  readonly deadlineMs: number;
  /** From TERM to KILL at time-out. */
  readonly graceMs: number;
}
