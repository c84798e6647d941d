/**
 * A service as people write it, in a process file and in the property `Argonaut.Action.Container.Services` alike: one
 * schema, from which the published JSON Schema, the checks and the type all come.
 */
import { ServiceName } from '@argonaut/contracts/attempt';
import Type, { type Static } from 'typebox';
import { bytesOf } from './option-words.ts';
import type { Service } from './process.ts';

const strict = { additionalProperties: false };

const Duration = Type.Union(
  [Type.Number({ minimum: 0 }), Type.String({ pattern: '^(\\d+(\\.\\d+)?(ms|s|m|h))+$' })],
  { title: 'a duration such as 90s, 5m or 1h30m (a plain number is seconds)' },
);
const Size = Type.Union(
  [Type.Integer({ minimum: 1 }), Type.String({ pattern: '^\\d+(\\.\\d+)?\\s*([kmgKMG](i?[bB])?|[bB])?$' })],
  { title: 'a size such as 512MiB or 2g (a plain number is bytes)' },
);
const Text = Type.Union([Type.String(), Type.Number(), Type.Boolean()], {
  title: 'a text, a number, true or false',
});

export const ServiceHealthEntry = Type.Object(
  {
    port: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 65_535,
        description: 'A TCP port that must take connections. Needs nothing in the image.',
      }),
    ),
    run: Type.Optional(
      Type.String({
        minLength: 1,
        description: "A line for the image's /bin/sh that must end with 0. It sees the service's variables.",
      }),
    ),
    command: Type.Optional(
      Type.Array(Type.String(), {
        minItems: 1,
        description: 'A program of the image that must end with 0. It sees the variables of the image only.',
      }),
    ),
    none: Type.Optional(
      Type.Literal(true, { title: 'true', description: 'Nothing is waited for, whatever the image says.' }),
    ),
    interval: Type.Optional(Duration),
    timeout: Type.Optional(Duration),
    retries: Type.Optional(Type.Integer({ minimum: 1 })),
    deadline: Type.Optional(Duration),
  },
  {
    ...strict,
    title: 'a health check',
    description:
      "When the service can be used: one of port, run, command or none; without one what the image's HEALTHCHECK says.",
  },
);

export const ServiceEntry = Type.Object(
  {
    name: ServiceName,
    image: Type.String({ minLength: 1, description: 'Image as the engine or the feed knows it.' }),
    feed: Type.Optional(Type.String({ description: 'Id of the feed that the image comes from.' })),
    pull: Type.Optional(
      Type.Union([Type.Literal('always'), Type.Literal('if-not-present'), Type.Literal('never')], {
        title: 'always, if-not-present or never',
      }),
    ),
    command: Type.Optional(Type.Array(Type.String(), { description: "Replaces the image's ENTRYPOINT." })),
    args: Type.Optional(Type.Array(Type.String(), { description: "Replaces the image's CMD." })),
    env: Type.Optional(Type.Record(Type.String(), Text, { description: 'Environment of the service.' })),
    user: Type.Optional(Type.String({ description: 'uid[:gid], or a name in the image.' })),
    limits: Type.Optional(
      Type.Object(
        {
          cpus: Type.Optional(Type.Number({ exclusiveMinimum: 0 })),
          memory: Type.Optional(Size),
          pids: Type.Optional(Type.Integer({ minimum: 16 })),
        },
        strict,
      ),
    ),
    health: Type.Optional(ServiceHealthEntry),
    grace: Type.Optional(Duration),
    log: Type.Optional(
      Type.Union([Type.Literal('failure'), Type.Literal('always')], {
        title: 'failure or always',
        description: 'When the end of its log is shown: when it or the step failed (default), or always.',
      }),
    ),
  },
  strict,
);
export type ServiceEntry = Static<typeof ServiceEntry>;

/** What is wrong with services that a schema cannot say; one sentence each. */
export function serviceComplaints(services: readonly Pick<ServiceEntry, 'name' | 'health'>[]): string[] {
  const complaints: string[] = [];
  const names = new Set<string>();
  for (const { name, health = {} } of services) {
    if (names.has(name)) complaints.push(`Two services are named "${name}".`);
    names.add(name);
    const checks = [health.port, health.run, health.command, health.none].filter((one) => one !== undefined);
    if (checks.length > 1) {
      complaints.push(
        `The health of service "${name}" is checked in more than one way. Choose one of port, run, command and none.`,
      );
    }
  }
  return complaints;
}

export function toService(entry: ServiceEntry): Service {
  const { name, image, feed, pull, command, args, env, user, limits, grace, log } = entry;
  return {
    name,
    container: { image, ...(feed === undefined ? {} : { feed }) },
    ...(pull === undefined ? {} : { pull }),
    ...(command === undefined ? {} : { command }),
    ...(args === undefined ? {} : { arguments: args }),
    ...(env === undefined
      ? {}
      : {
          environment: Object.fromEntries(Object.entries(env).map(([key, value]) => [key, String(value)])),
        }),
    ...(user === undefined ? {} : { user }),
    ...(limits === undefined ? {} : { limits: toLimits(limits) }),
    health: toHealth(entry.health ?? {}),
    ...(grace === undefined ? {} : { graceMs: milliseconds(grace) }),
    ...(log === undefined ? {} : { log }),
  };
}

function toLimits({
  cpus,
  memory,
  pids,
}: NonNullable<ServiceEntry['limits']>): NonNullable<Service['limits']> {
  const memoryBytes = typeof memory === 'string' ? bytesOf(memory) : memory;
  return {
    ...(cpus === undefined ? {} : { cpus }),
    ...(memoryBytes === undefined ? {} : { memoryBytes }),
    ...(pids === undefined ? {} : { pids }),
  };
}

function toHealth(entry: Static<typeof ServiceHealthEntry>): Service['health'] {
  const { port, run, command, none, interval, timeout, retries, deadline } = entry;
  const check =
    port !== undefined
      ? ({ kind: 'port', port } as const)
      : run !== undefined
        ? ({ kind: 'shell', line: run } as const)
        : command !== undefined
          ? ({ kind: 'command', argv: command } as const)
          : none === true
            ? ({ kind: 'none' } as const)
            : undefined;
  return {
    ...(check === undefined ? {} : { check }),
    ...(interval === undefined ? {} : { intervalMs: Math.max(50, milliseconds(interval)) }),
    ...(timeout === undefined ? {} : { timeoutMs: Math.max(100, milliseconds(timeout)) }),
    ...(retries === undefined ? {} : { retries }),
    ...(deadline === undefined ? {} : { deadlineMs: Math.max(100, milliseconds(deadline)) }),
  };
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** Milliseconds of `1h30m`, `90s`, `250ms`, or a number of seconds. The form was checked by the schema. */
function milliseconds(duration: string | number): number {
  if (typeof duration === 'number') return Math.round(duration * 1_000);
  let sum = 0;
  for (const [, amount = '0', unit = 's'] of duration.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)) {
    sum += Number(amount) * (UNITS[unit] ?? 0);
  }
  return Math.round(sum);
}
