/**
 * The typed process: what a deployment process or a runbook says, after the wire's property bags have been read. Every
 * text may hold `#{…}` templates unless its description says otherwise; they are evaluated as late as possible, with
 * the outputs of the steps that ran before. A snapshot is stored with its plan and holds no secret.
 */
import { Limits, NetworkMode, ServiceHealth, ServiceLog, ServiceName } from '@argonaut/contracts/attempt';
import Type, { type Static } from 'typebox';

/** When a step runs, given how the steps before it ended. */
export const StepCondition = Type.Union([
  Type.Object({ kind: Type.Literal('Success') }),
  Type.Object({ kind: Type.Literal('Failure') }),
  Type.Object({ kind: Type.Literal('Always') }),
  /** Runs when the expression evaluates to something true; an earlier failure does not matter by itself. */
  Type.Object({ kind: Type.Literal('Variable'), expression: Type.String() }),
]);
export type StepCondition = Static<typeof StepCondition>;

/** An action's own condition, on top of its step's. */
export const ActionCondition = Type.Union([
  Type.Object({ kind: Type.Literal('Success') }),
  Type.Object({ kind: Type.Literal('Variable'), expression: Type.String() }),
]);
export type ActionCondition = Static<typeof ActionCondition>;

/** Which pool runs an action. */
export const WorkerPoolChoice = Type.Union([
  Type.Object({ kind: Type.Literal('default') }),
  /** A pool's id, no template. */
  Type.Object({ kind: Type.Literal('pool'), id: Type.String() }),
  /** The name of a variable whose value is a pool's id; resolved when the task is planned. */
  Type.Object({ kind: Type.Literal('variable'), name: Type.String() }),
  /** The same for an id that is written as a longer template. */
  Type.Object({ kind: Type.Literal('template'), template: Type.String() }),
]);
export type WorkerPoolChoice = Static<typeof WorkerPoolChoice>;

/** When an image is pulled; absent in a process means what the pool says. */
export const PullPolicy = Type.Union([
  Type.Literal('always'),
  Type.Literal('if-not-present'),
  Type.Literal('never'),
]);
export type PullPolicy = Static<typeof PullPolicy>;

/** An image that is built on the worker. Neither text is a place for secrets: whoever has the image can read them. */
export const ImageRecipe = Type.Object({
  dockerfile: Type.String(),
  /** Values of `ARG`. */
  arguments: Type.Record(Type.String(), Type.String()),
});
export type ImageRecipe = Static<typeof ImageRecipe>;

export const ContainerChoice = Type.Object({
  /** Feed id; absent: the image is named as the engine knows it. */
  feed: Type.Optional(Type.String()),
  /** `repository:tag`, without the feed's registry. Of an image that is built: what messages call it. */
  image: Type.String(),
  /** Absent: the image is pulled. */
  build: Type.Optional(ImageRecipe),
});
export type ContainerChoice = Static<typeof ContainerChoice>;

/** A container beside the step's own. Its name and its limits are no templates. */
export const Service = Type.Object({
  name: ServiceName,
  container: ContainerChoice,
  pull: Type.Optional(PullPolicy),
  /** Replaces ENTRYPOINT. Like all that follows it may hold secrets: it goes through the gate. */
  command: Type.Optional(Type.Array(Type.String())),
  /** Replaces CMD. */
  arguments: Type.Optional(Type.Array(Type.String())),
  environment: Type.Optional(Type.Record(Type.String(), Type.String())),
  user: Type.Optional(Type.String()),
  limits: Type.Optional(Limits),
  /** The words of its check are templates; the engine sees them. */
  health: ServiceHealth,
  /** From TERM to KILL when the step is over, milliseconds; default 5,000. */
  graceMs: Type.Optional(Type.Integer({ minimum: 0 })),
  /** Default `failure`. */
  log: Type.Optional(ServiceLog),
});
export type Service = Static<typeof Service>;

/** Where a referenced package is fetched to. */
export const AcquisitionLocation = Type.Union([
  Type.Literal('Server'),
  Type.Literal('ExecutionTarget'),
  Type.Literal('NotAcquired'),
]);

export const PackageReference = Type.Object({
  /** Empty for the primary package. */
  name: Type.String(),
  packageId: Type.String(),
  feed: Type.String(),
  /** Fixed by the release or the runbook snapshot; absent in a process that is not frozen yet. */
  version: Type.Optional(Type.String()),
  acquisition: AcquisitionLocation,
  extract: Type.Boolean(),
});
export type PackageReference = Static<typeof PackageReference>;

/** Script languages by Octopus's names, and `Sh` for any POSIX shell. */
export const ScriptSyntax = Type.Union([
  Type.Literal('Bash'),
  Type.Literal('Sh'),
  Type.Literal('Python'),
  Type.Literal('PowerShell'),
]);
export type ScriptSyntax = Static<typeof ScriptSyntax>;

export const ScriptSource = Type.Union([
  Type.Object({ kind: Type.Literal('Inline'), body: Type.String() }),
  /** A file of a package reference (empty name: the primary package). */
  Type.Object({ kind: Type.Literal('Package'), package: Type.String(), file: Type.String() }),
]);
export type ScriptSource = Static<typeof ScriptSource>;

/** What an action does. */
export const Run = Type.Union([
  Type.Object({
    kind: Type.Literal('Script'),
    syntax: ScriptSyntax,
    source: ScriptSource,
    /** Words after the script's name, as one line in the shell's quoting. */
    parameters: Type.Optional(Type.String()),
    /** Variables of the process environment, besides what every script gets. */
    environment: Type.Optional(Type.Record(Type.String(), Type.String())),
    /** Absent: the step's own directory. */
    workingDirectory: Type.Optional(Type.String()),
  }),
  /** The image's own ENTRYPOINT and CMD, or what replaces them. Needs `container`. */
  Type.Object({
    kind: Type.Literal('Container'),
    /** Part of the container's configuration, so no place for secrets; arguments are. */
    command: Type.Optional(Type.Array(Type.String())),
    arguments: Type.Optional(Type.Array(Type.String())),
    environment: Type.Optional(Type.Record(Type.String(), Type.String())),
    workingDirectory: Type.Optional(Type.String()),
  }),
  Type.Object({
    kind: Type.Literal('Manual'),
    /** Markdown. */
    instructions: Type.String(),
    /** Team ids, a template may give several with commas between them; empty: anybody who may deploy. */
    responsibleTeams: Type.Array(Type.String()),
    blockConcurrentDeployments: Type.Optional(Type.Boolean()),
  }),
  /** Stored so that a process survives; fails when its turn comes, saying so. `reason` may name what is missing. */
  Type.Object({
    kind: Type.Literal('Unsupported'),
    actionType: Type.String(),
    reason: Type.Optional(Type.String()),
  }),
]);
export type Run = Static<typeof Run>;

/** Options that may be given as a template; how each is read is in `option-words.ts`. */
export const OptionName = Type.Union([
  Type.Literal('timeout'),
  Type.Literal('grace'),
  Type.Literal('retries'),
  Type.Literal('backoff'),
  Type.Literal('oneStream'),
  Type.Literal('errorOutput'),
  Type.Literal('serviceMessages'),
  Type.Literal('hold'),
  Type.Literal('cpus'),
  Type.Literal('memory'),
  Type.Literal('pids'),
  Type.Literal('network'),
  Type.Literal('readOnlyRoot'),
  Type.Literal('leftovers'),
  Type.Literal('pull'),
  Type.Literal('runOnWorker'),
]);
export type OptionName = Static<typeof OptionName>;

export const BoundOption = Type.Object({
  option: OptionName,
  /** What people call it, for messages. */
  property: Type.String(),
  template: Type.String(),
});
export type BoundOption = Static<typeof BoundOption>;

/** What is done to the files of an action's packages before it runs. Patterns relative to its directory, one a line. */
export const FileFeatures = Type.Object({
  /** Templates in these files are filled in. */
  substitute: Type.Optional(Type.String()),
  /** Values of these files that variables name are replaced, as their format allows. */
  structured: Type.Optional(Type.String()),
});
export type FileFeatures = Static<typeof FileFeatures>;

/** How an action is run: time, repetition, fences. Absent always means the default that the field names. */
export const ActionOptions = Type.Object({
  /** Time-out of the program in milliseconds, 0 or absent for none. Image acquisition does not count. */
  timeoutMs: Type.Optional(Type.Integer({ minimum: 0 })),
  /** From TERM to KILL, milliseconds; default 5,000. */
  graceMs: Type.Optional(Type.Integer({ minimum: 0 })),
  /** Further attempts after a failure. */
  retries: Type.Optional(
    Type.Object({ max: Type.Integer({ minimum: 0 }), backoffMs: Type.Integer({ minimum: 0 }) }),
  ),
  /** One pipe for stdout and stderr: exact order, no tags. Default false. */
  oneStream: Type.Optional(Type.Boolean()),
  /** What is written to stderr fails the action, whatever its exit code. Default false. */
  failOnErrorOutput: Type.Optional(Type.Boolean()),
  /** Read `##octopus[…]` lines. Default true. */
  serviceMessages: Type.Optional(Type.Boolean()),
  /** Keep a failed container for a person to look into, milliseconds; default 0. */
  holdOnFailureMs: Type.Optional(Type.Integer({ minimum: 0 })),
  limits: Type.Optional(Limits),
  /** Default: `own` where extra hosts or DNS are given, otherwise `lane`. */
  network: Type.Optional(NetworkMode),
  extraHosts: Type.Optional(Type.Array(Type.String())),
  dns: Type.Optional(Type.Array(Type.String())),
  /** `uid[:gid]` or a name in the image; default: the image's own. */
  user: Type.Optional(Type.String()),
  readOnlyRoot: Type.Optional(Type.Boolean()),
  /** `Octopus.Action.Container.Options`, as written; read and checked against the pool's policy by the worker's side. */
  containerOptions: Type.Optional(Type.String()),
  /** Host steps: what the step leaves behind is ended, or lingers. Default `end`. */
  leftovers: Type.Optional(Type.Union([Type.Literal('end'), Type.Literal('linger')])),
  pull: Type.Optional(PullPolicy),
  /** Options that variables decide; what they come to counts more than the fields above. */
  bound: Type.Optional(Type.Array(BoundOption)),
});
export type ActionOptions = Static<typeof ActionOptions>;

export const Action = Type.Object({
  id: Type.String(),
  /** No template: other steps refer to outputs by it. */
  name: Type.String(),
  slug: Type.Optional(Type.String()),
  enabled: Type.Boolean(),
  /** Cannot be excluded at deploy time, nor ignored in guided failure. */
  required: Type.Boolean(),
  /** Environment ids; empty: all. */
  environments: Type.Array(Type.String()),
  excludedEnvironments: Type.Array(Type.String()),
  /** Channel ids; empty: any. */
  channels: Type.Array(Type.String()),
  /** Canonical tags, `set/tag`; empty: any tenant and none. */
  tenantTags: Type.Array(Type.String()),
  condition: ActionCondition,
  workerPool: WorkerPoolChoice,
  /** Absent: directly on the worker. */
  container: Type.Optional(ContainerChoice),
  /** Only for an action that runs in a container; absent means none. */
  services: Type.Optional(Type.Array(Service)),
  packages: Type.Array(PackageReference),
  files: Type.Optional(FileFeatures),
  options: ActionOptions,
  /** Variables that only this action has, besides those of the task: its own settings, by the names that users know. */
  variables: Type.Optional(Type.Record(Type.String(), Type.String())),
  run: Run,
});
export type Action = Static<typeof Action>;

export const Step = Type.Object({
  id: Type.String(),
  name: Type.String(),
  slug: Type.Optional(Type.String()),
  condition: StepCondition,
  start: Type.Union([Type.Literal('StartAfterPrevious'), Type.Literal('StartWithPrevious')]),
  /** At least one; several run one after the other. */
  actions: Type.Array(Action, { minItems: 1 }),
});
export type Step = Static<typeof Step>;

export const ProcessSnapshot = Type.Object({
  schema: Type.Literal(1),
  steps: Type.Array(Step),
});
export type ProcessSnapshot = Static<typeof ProcessSnapshot>;

/** What an action is when nothing has been said about it; codecs and tests start from it. */
export function plainAction(id: string, name: string, run: Run): Action {
  return {
    id,
    name,
    enabled: true,
    required: false,
    environments: [],
    excludedEnvironments: [],
    channels: [],
    tenantTags: [],
    condition: { kind: 'Success' },
    workerPool: { kind: 'default' },
    packages: [],
    options: {},
    run,
  };
}
