/**
 * What a worker pool allows steps to ask of their containers. Everything is a list of what is allowed: what nobody
 * thought of is refused. The server holds every attempt against it, and so does the worker once more.
 */
import Type, { type Static } from 'typebox';

export const HostNamespace = Type.Union([
  Type.Literal('ipc'),
  Type.Literal('uts'),
  Type.Literal('userns'),
  Type.Literal('cgroupns'),
]);
export type HostNamespace = Static<typeof HostNamespace>;

export const ContainerPolicy = Type.Object({
  /** For messages: `the policy of worker pool "Default"`. */
  name: Type.String(),
  /** Directories of the worker that may be mounted, with all that lies below them. */
  binds: Type.Array(Type.Object({ directory: Type.String(), readOnly: Type.Optional(Type.Boolean()) })),
  /** Never mounted, whatever `binds` says, nor anything that holds them: where the worker keeps what is its own. */
  closedDirectories: Type.Array(Type.String()),
  /** Sockets of container engines: whoever has one has the worker. */
  engineSockets: Type.Boolean(),
  /** Names of volumes that steps may share; `cache-*` allows all that begin so, `*` all. */
  volumes: Type.Array(Type.String()),
  /** Networks of the engine beside `bridge` and `none`; `host` is the worker's own. */
  networks: Type.Array(Type.String()),
  /** `ALL` allows every one. */
  capabilities: Type.Array(Type.String()),
  /** Values of `--security-opt`, whole. */
  security: Type.Array(Type.String()),
  privileged: Type.Boolean(),
  hostNamespaces: Type.Array(HostNamespace),
  /** Paths on the worker. */
  devices: Type.Array(Type.String()),
  gpus: Type.Boolean(),
  ulimits: Type.Array(Type.String()),
  /** The most that a step may ask for; absent: as much as it likes. A step that asks for nothing gets the most. */
  most: Type.Object({
    memoryBytes: Type.Optional(Type.Number()),
    shmBytes: Type.Optional(Type.Number()),
    cpus: Type.Optional(Type.Number()),
    pids: Type.Optional(Type.Number()),
    timeoutMs: Type.Optional(Type.Number()),
  }),
});
export type ContainerPolicy = Static<typeof ContainerPolicy>;
