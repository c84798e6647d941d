/** How an action is run: time, repetition, fences. The properties are listed in `docs/process-properties.md`. */
import type { ActionOptions, PullPolicy } from '@argonaut/orchestrator';
import { bytesOf, type PropertyReader } from './properties.ts';

const MINUTE_MS = 60_000;
/** Octopus's default of `Octopus.Action.AutoRetry.MinimumBackoff`, in seconds. */
const DEFAULT_BACKOFF_SECONDS = 15;
/** Docker refuses containers with less. */
const SMALLEST_MEMORY_BYTES = 6 * 1024 * 1024;

export function readOptions(properties: PropertyReader): ActionOptions {
  const minutes = properties.number(
    'Octopus.Action.ExecutionTimeout.Minutes',
    'a number of minutes, 0 for no limit',
    0,
  );
  const grace = properties.number('Argonaut.Action.GraceSeconds', 'a number of seconds', 0);
  const hold = properties.number('Argonaut.Action.HoldOnFailure.Minutes', 'a number of minutes', 0);
  return present({
    timeoutMs: minutes === undefined ? undefined : Math.round(minutes * MINUTE_MS),
    graceMs: grace === undefined ? undefined : Math.round(grace * 1000),
    retries: readRetries(properties),
    oneStream: properties.flag('Argonaut.Action.OneStream'),
    serviceMessages: properties.flag('Argonaut.Action.ServiceMessages'),
    holdOnFailureMs: hold === undefined ? undefined : Math.round(hold * MINUTE_MS),
    limits: readLimits(properties),
    network: properties.word('Argonaut.Action.Network', ['lane', 'none', 'own']),
    extraHosts: properties.list('Argonaut.Action.ExtraHosts'),
    dns: properties.list('Argonaut.Action.Dns'),
    user: properties.text('Argonaut.Action.User'),
    readOnlyRoot: properties.flag('Argonaut.Action.ReadOnlyRoot'),
    containerOptions: properties.text('Octopus.Action.Container.Options'),
    leftovers: properties.word('Argonaut.Action.Leftovers', ['end', 'linger']),
  });
}

/** When the image is pulled; undefined: what the pool says. */
export function readImagePolicy(properties: PropertyReader): PullPolicy | undefined {
  const word = properties.word('Argonaut.Action.ImagePolicy', ['Always', 'IfNotPresent', 'Never']);
  return word && ({ Always: 'always', IfNotPresent: 'if-not-present', Never: 'never' } as const)[word];
}

function readRetries(properties: PropertyReader): ActionOptions['retries'] {
  const max = properties.number('Octopus.Action.AutoRetry.MaximumCount', 'a whole number', 0, true);
  const backoff = properties.number('Octopus.Action.AutoRetry.MinimumBackoff', 'a number of seconds', 0);
  if (max === undefined || max === 0) return undefined;
  return { max, backoffMs: Math.round((backoff ?? DEFAULT_BACKOFF_SECONDS) * 1000) };
}

function readLimits(properties: PropertyReader): ActionOptions['limits'] {
  const cpus = properties.number('Argonaut.Action.Cpus', 'a number of CPUs, such as 0.5', 0.001);
  const pids = properties.number('Argonaut.Action.Pids', 'a whole number of processes', 1, true);
  const size = properties.text('Argonaut.Action.Memory');
  const bytes = size === undefined ? undefined : bytesOf(size);
  const memoryBytes = bytes !== undefined && bytes >= SMALLEST_MEMORY_BYTES ? bytes : undefined;
  if (size !== undefined && memoryBytes === undefined) {
    properties.complain(
      `The property Argonaut.Action.Memory must be a size of at least 6m, such as 512m or 2g, but it is "${size}".`,
    );
  }
  const limits = present({ cpus, memoryBytes, pids });
  return Object.keys(limits).length === 0 ? undefined : limits;
}

type Present<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Without the fields that are undefined. */
function present<T extends object>(fields: T): Present<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Present<T>;
}
