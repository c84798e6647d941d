/**
 * Services: containers beside a step, such as the database that its tests need. A service runs its image's own program
 * under argonaut-init, behind a gate of its own, in the step's network: the step reaches it at its name and at localhost.
 * It starts when the step's turn has come, before the step does, and ends with it.
 */
import Type, { type Static } from 'typebox';

/** A host name, and part of the container's. */
export const ServiceName = Type.String({ pattern: '^[a-z0-9]([a-z0-9-]{0,28}[a-z0-9])?$' });

/** How it is found out that a service can be used. */
export const HealthCheck = Type.Union([
  /** A TCP port of the loopback interface takes connections. */
  Type.Object({ kind: Type.Literal('port'), port: Type.Integer({ minimum: 1, maximum: 65_535 }) }),
  /** A program of the image ends with code 0. It sees the image's environment only. */
  Type.Object({ kind: Type.Literal('command'), argv: Type.Array(Type.String(), { minItems: 1 }) }),
  /** A line for the image's `/bin/sh` ends with code 0. It sees the service's environment. */
  Type.Object({ kind: Type.Literal('shell'), line: Type.String({ minLength: 1 }) }),
  /** Nothing is waited for: the service has been started. */
  Type.Object({ kind: Type.Literal('none') }),
]);
export type HealthCheck = Static<typeof HealthCheck>;

/** Absent fields: what the image's HEALTHCHECK says, otherwise the default that is named here. Times in milliseconds. */
export const ServiceHealth = Type.Object({
  /** Default: the image's HEALTHCHECK; without one that it has been started. */
  check: Type.Optional(HealthCheck),
  /** Between two checks; default 1,000. */
  intervalMs: Type.Optional(Type.Integer({ minimum: 50 })),
  /** Of one check; default 30,000. */
  timeoutMs: Type.Optional(Type.Integer({ minimum: 100 })),
  /** Failed checks after which it is given up; default: as many as the deadline allows. */
  retries: Type.Optional(Type.Integer({ minimum: 1 })),
  /** For all of them together; default 120,000. */
  deadlineMs: Type.Optional(Type.Integer({ minimum: 100 })),
});
export type ServiceHealth = Static<typeof ServiceHealth>;

/** When a service's log is shown: `failure`, when the service or the step failed; `always`. */
export const ServiceLog = Type.Union([Type.Literal('failure'), Type.Literal('always')]);
export type ServiceLog = Static<typeof ServiceLog>;

/** What goes through a service's gate. Never stored. */
export interface LateService {
  readonly name: string;
  /** As `LateValues.argv`: empty for the image's own program, `{entrypoint}` for the words of its ENTRYPOINT. */
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly health: ServiceHealth;
}

/** How a service did, told when it or the step is over, or when it could not begin. */
export interface ServiceReport {
  readonly name: string;
  /** True when it ended by itself, or never became healthy. */
  readonly failed: boolean;
  /** One sentence. */
  readonly message: string;
  /** The end of its log, masked; empty when it is not to be shown. */
  readonly log: string;
}
