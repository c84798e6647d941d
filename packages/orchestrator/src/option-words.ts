/**
 * The options of an action as people write them: what each text may be, and which field it sets. Written texts are read
 * when a process is planned; those that are templates are read by the same rules once they have been evaluated.
 */
import type { ActionOptions, OptionName } from './process.ts';

const SECOND_MS = 1000;
const MINUTE_MS = 60_000;
/** Octopus's default of `Octopus.Action.AutoRetry.MinimumBackoff`. */
const DEFAULT_BACKOFF_MS = 15 * SECOND_MS;
/** Docker refuses containers with less. */
const SMALLEST_MEMORY_BYTES = 6 * 1024 * 1024;
/** Threads of the engine's runtime count too; with fewer a container does not always start. */
const FEWEST_PIDS = 16;

/** How one option is read. */
interface OptionWord {
  /** What the text must be, as the end of "must be …". */
  readonly meaning: string;
  /** The options with it set; undefined when the text is no such thing. */
  apply(options: ActionOptions, text: string): ActionOptions | undefined;
}

export const OPTION_WORDS: Readonly<Record<OptionName, OptionWord>> = {
  timeout: field('timeoutMs', 'a number of minutes, 0 for no limit', duration(MINUTE_MS)),
  grace: field('graceMs', 'a number of seconds', duration(SECOND_MS)),
  retries: word('a whole number', whole(0), ({ retries, ...rest }, max) => ({
    ...rest,
    retries: { backoffMs: retries?.backoffMs ?? DEFAULT_BACKOFF_MS, max },
  })),
  backoff: word('a number of seconds', duration(SECOND_MS), ({ retries, ...rest }, backoffMs) => ({
    ...rest,
    retries: { max: retries?.max ?? 0, backoffMs },
  })),
  oneStream: field('oneStream', 'True or False', flag),
  errorOutput: field('failOnErrorOutput', 'True or False', flag),
  serviceMessages: field('serviceMessages', 'True or False', flag),
  hold: field('holdOnFailureMs', 'a number of minutes', duration(MINUTE_MS)),
  cpus: limit('cpus', 'a number of CPUs, such as 0.5', number(0.001)),
  memory: limit('memoryBytes', 'a size of at least 6m, such as 512m or 2g', memory),
  pids: limit('pids', `a whole number of processes, at least ${FEWEST_PIDS}`, whole(FEWEST_PIDS)),
  network: field('network', 'one of Lane, None, Own', oneOf({ Lane: 'lane', None: 'none', Own: 'own' })),
  readOnlyRoot: field('readOnlyRoot', 'True or False', flag),
  leftovers: field('leftovers', 'one of End, Linger', oneOf({ End: 'end', Linger: 'linger' })),
  pull: field(
    'pull',
    'one of Always, IfNotPresent, Never',
    oneOf({ Always: 'always', IfNotPresent: 'if-not-present', Never: 'never' }),
  ),
  runOnWorker: word(
    'True, because this server runs steps on workers and has no deployment targets',
    (text) => flag(text) || undefined,
    (options) => options,
  ),
};

/** What of the options cannot hold together; undefined when all can. */
export function contradictionOf({ oneStream, failOnErrorOutput }: ActionOptions): string | undefined {
  if (oneStream !== true || failOnErrorOutput !== true) return undefined;
  return 'Error output is to fail the step, but with one stream for both nobody can tell which output that is. Switch off one of Octopus.Action.FailScriptOnErrorOutput and Argonaut.Action.OneStream.';
}

function word<V>(
  meaning: string,
  read: (text: string) => V | undefined,
  set: (options: ActionOptions, value: V) => ActionOptions,
): OptionWord {
  return {
    meaning,
    apply(options, text) {
      const value = read(text.trim());
      return value === undefined ? undefined : set(options, value);
    },
  };
}

function field<K extends keyof ActionOptions>(
  key: K,
  meaning: string,
  read: (text: string) => ActionOptions[K] | undefined,
): OptionWord {
  return word(meaning, read, (options, value) => ({ ...options, [key]: value }));
}

function limit(
  key: keyof NonNullable<ActionOptions['limits']>,
  meaning: string,
  read: (text: string) => number | undefined,
): OptionWord {
  return word(meaning, read, ({ limits, ...rest }, value) => ({
    ...rest,
    limits: { ...limits, [key]: value },
  }));
}

function flag(text: string): boolean | undefined {
  return oneOf({ True: true, False: false })(text);
}

function oneOf<V>(words: Readonly<Record<string, V>>): (text: string) => V | undefined {
  return (text) =>
    Object.entries(words).find(([name]) => name.toLowerCase() === text.trim().toLowerCase())?.[1];
}

function number(minimum: number): (text: string) => number | undefined {
  return (text) => {
    const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
    return value >= minimum && value <= Number.MAX_SAFE_INTEGER ? value : undefined;
  };
}

function whole(minimum: number): (text: string) => number | undefined {
  const read = number(minimum);
  return (text) => {
    const value = read(text);
    return Number.isSafeInteger(value) ? value : undefined;
  };
}

function duration(unitMs: number): (text: string) => number | undefined {
  const read = number(0);
  return (text) => {
    const value = read(text);
    const ms = value === undefined ? Number.NaN : Math.round(value * unitMs);
    return Number.isSafeInteger(ms) ? ms : undefined;
  };
}

function memory(text: string): number | undefined {
  const bytes = bytesOf(text);
  return bytes !== undefined && bytes >= SMALLEST_MEMORY_BYTES ? bytes : undefined;
}

const UNITS: Readonly<Record<string, number>> = { b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

/** Bytes of a size in Docker's notation: `512m`, `1.5g`, `1073741824`; undefined when it is none. */
export function bytesOf(size: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([bkmg])?(?:i?b)?$/i.exec(size.trim());
  if (!match) return undefined;
  const bytes = Math.floor(Number(match[1]) * (UNITS[(match[2] ?? 'b').toLowerCase()] ?? 1));
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}
