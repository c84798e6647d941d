/** What a worker pool allows the containers of its steps. Octopus has no such thing: it lives under `/api/argonaut`. */
import { type Static, Type } from 'typebox';
import { Links, OneOf, Optional, Writable } from './basics.ts';

const Names = (description: string) => Optional(Type.Array(Type.String(), { default: [], description }));
const Most = (description: string, minimum: number) =>
  Optional(
    Type.Union([Type.Number({ minimum }), Type.Null()], {
      default: null,
      description: `${description}; null: no limit.`,
    }),
  );

const written = {
  Binds: Optional(
    Type.Array(
      Type.Object({
        Directory: Type.String({ pattern: '^/', description: 'Absolute path on the worker.' }),
        ReadOnly: Optional(Type.Boolean({ default: false })),
      }),
      { default: [], description: 'Directories that steps may mount, with all that lies below them.' },
    ),
  ),
  EngineSockets: Optional(
    Type.Boolean({
      default: false,
      description: 'Sockets of container engines: whoever has one has the worker.',
    }),
  ),
  Volumes: Names('Named volumes that steps may share; "cache-*" allows all that begin so.'),
  Networks: Names("Networks of the engine beside bridge and none; host is the worker's own."),
  Capabilities: Names('Capabilities beyond those that every step has; ALL allows every one.'),
  SecurityOptions: Names('Values of --security-opt beyond no-new-privileges.'),
  Privileged: Optional(
    Type.Boolean({ default: false, description: 'A privileged container is as good as root on the worker.' }),
  ),
  HostNamespaces: Optional(
    Type.Array(
      Type.Union([
        Type.Literal('ipc'),
        Type.Literal('uts'),
        Type.Literal('userns'),
        Type.Literal('cgroupns'),
      ]),
      { default: [], description: "Namespaces of the worker's that steps may share." },
    ),
  ),
  Devices: Names('Devices of the worker by path; "/dev/dri/*" allows all that begin so.'),
  Gpus: Optional(Type.Boolean({ default: false })),
  Ulimits: Optional(
    Type.Array(Type.String(), {
      default: ['nofile', 'nproc', 'stack', 'memlock', 'fsize', 'cpu'],
      description: 'Limits of a process that steps may change.',
    }),
  ),
  MaxMemoryBytes: Most(
    'The most memory of a step or a service, and what one gets that asks for none',
    6 * 1024 * 1024,
  ),
  MaxShmBytes: Most('The most shared memory', 1),
  MaxCpus: Most('The most CPUs of a step or a service, and what one gets that asks for none', 0.01),
  MaxPids: Most('The most processes', 16),
  MaxTimeoutMinutes: Most('The longest time-out, and the one of a step that has none', 0.01),
  Feeds: Names('Ids of the feeds that images may come from; empty: any.'),
  ImagePolicies: Optional(
    Type.Array(OneOf(['Always', 'IfNotPresent', 'Never']), {
      default: [],
      description:
        'When steps may have their images pulled; empty: as they like. The first one holds for steps that do not say.',
    }),
  ),
  Registries: Names('Registries of images that name no feed, such as ghcr.io; empty: any.'),
};

/** What a client may send. */
export const WritableWorkerPoolPolicy = Writable('WritableWorkerPoolPolicy', written);
export type WritableWorkerPoolPolicy = Static<typeof WritableWorkerPoolPolicy>;

export const WorkerPoolPolicyResource = Type.Object(
  {
    WorkerPoolId: Type.String(),
    /** True: nobody has said anything for this pool. */
    IsDefault: Type.Boolean(),
    ...written,
    Links,
  },
  { title: 'WorkerPoolPolicy' },
);
