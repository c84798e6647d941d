/** What the known service messages mean. */
import type { DeclaredArtifact, LogLevel, OutputVariable, Stream } from '@argonaut/contracts/attempt';
import type { ServiceMessage } from './grammar.ts';

export type Effect =
  | { readonly kind: 'variable'; readonly variable: OutputVariable }
  | { readonly kind: 'artifact'; readonly artifact: DeclaredArtifact }
  | { readonly kind: 'progress'; readonly percentage: number; readonly message: string }
  | { readonly kind: 'result'; readonly message: string }
  | { readonly kind: 'mask'; readonly value: string }
  /** Following lines of the stream have this level; without a level they are dropped. */
  | { readonly kind: 'level'; readonly stream: Stream; readonly level: LogLevel | undefined }
  /** Octopus acts on it and we do not: the reader of the log is told. What it says is sensitive is masked all the same. */
  | { readonly kind: 'unsupported'; readonly secret?: string }
  /** Telemetry of Octopus's own tools: nobody misses it. */
  | { readonly kind: 'ignored' };

export type Meaning =
  | { readonly effect: Effect }
  | { readonly unknown: true }
  | { readonly malformed: string };

/** What stands for bytes that are no UTF-8. */
const NO_CHARACTER = '\ufffd';

const SWITCHES: Readonly<Record<string, readonly [Stream, LogLevel | undefined]>> = {
  'stdout-default': ['stdout', 'Info'],
  'stdout-verbose': ['stdout', 'Verbose'],
  'stdout-highlight': ['stdout', 'Highlight'],
  'stdout-wait': ['stdout', 'Wait'],
  'stdout-warning': ['stdout', 'Warning'],
  'stdout-error': ['stdout', 'Error'],
  'stdout-ignore': ['stdout', undefined],
  'stderr-default': ['stderr', 'Error'],
  'stderr-error': ['stderr', 'Error'],
  'stderr-progress': ['stderr', 'Verbose'],
  'stderr-output': ['stderr', 'Info'],
  'stderr-ignore': ['stderr', undefined],
};

/** Messages that change something in Octopus and nothing here. */
const UNSUPPORTED = new Set([
  'set-environmentstate',
  'createStepPackageTarget',
  'delete-target',
  'create-tokenaccount',
  'create-userpassaccount',
  'create-awsaccount',
  'create-azureaccount',
  'create-kubernetestarget',
  'create-azurewebapptarget',
  'create-azureservicefabrictarget',
  'create-aws-ecs-target',
]);

const IGNORED = new Set([
  'calamari-found-package',
  'foundPackage',
  'deltaVerification',
  'calamari-timed-operation',
  'calamari-deployment-metric',
  'calamari-script-isolation-alert',
  'k8s-manifest-applied',
  'k8s-status',
]);

export function meaningOf({ name, attributes }: ServiceMessage): Meaning {
  const level = Object.hasOwn(SWITCHES, name) ? SWITCHES[name] : undefined;
  if (level !== undefined) return { effect: { kind: 'level', stream: level[0], level: level[1] } };
  if (UNSUPPORTED.has(name)) return unsupported(attributes);
  if (IGNORED.has(name)) return { effect: { kind: 'ignored' } };
  switch (name) {
    case 'setVariable':
      return setVariable(attributes);
    case 'createArtifact':
      return createArtifact(attributes);
    case 'progress':
      return progress(attributes);
    case 'resultMessage':
      return withAttribute(attributes, 'message', (message) => ({ kind: 'result', message }));
    case 'mask':
      // Letters and digits alone read as base64, too: what is no text then was most likely given as it is.
      if (attributes.get('value')?.includes(NO_CHARACTER))
        return { malformed: 'the value of value is not base64 of UTF-8' };
      return withAttribute(attributes, 'value', (value) => ({ kind: 'mask', value }));
    default:
      return { unknown: true };
  }
}

function unsupported(attributes: ReadonlyMap<string, string>): Meaning {
  const secret = isSensitive(attributes) ? attributes.get('value') : undefined;
  return { effect: { kind: 'unsupported', ...(secret === undefined ? {} : { secret }) } };
}

function isSensitive(attributes: ReadonlyMap<string, string>): boolean {
  return attributes.get('sensitive')?.trim().toLowerCase() === 'true';
}

function withAttribute(
  attributes: ReadonlyMap<string, string>,
  key: string,
  effect: (value: string) => Effect,
): Meaning {
  const value = attributes.get(key);
  return value === undefined ? { malformed: `it has no ${key}` } : { effect: effect(value) };
}

function setVariable(attributes: ReadonlyMap<string, string>): Meaning {
  const name = attributes.get('name') ?? '';
  const value = attributes.get('value');
  if (name === '') return { malformed: 'it names no variable' };
  if (value === undefined) return { malformed: 'it has no value' };
  return { effect: { kind: 'variable', variable: { name, value, sensitive: isSensitive(attributes) } } };
}

function createArtifact(attributes: ReadonlyMap<string, string>): Meaning {
  const path = attributes.get('path') ?? '';
  if (path === '') return { malformed: 'it names no path' };
  const name = attributes.get('name') || (path.split(/[/\\]/).at(-1) ?? path);
  return { effect: { kind: 'artifact', artifact: { path, name } } };
}

function progress(attributes: ReadonlyMap<string, string>): Meaning {
  const percentage = attributes.get('percentage')?.trim() ?? '';
  if (!/^-?\d{1,9}$/.test(percentage)) return { malformed: 'its percentage is not a whole number' };
  const bounded = Math.min(100, Math.max(0, Number(percentage)));
  return { effect: { kind: 'progress', percentage: bounded, message: attributes.get('message') ?? '' } };
}
