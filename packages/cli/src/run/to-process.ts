/** A process file in the orchestrator's terms. */
import {
  type Action,
  type ProcessSnapshot,
  plainAction,
  type Run,
  type Step,
  type StepCondition,
  toService,
} from '@argonaut/orchestrator';
import { quoteWord } from '@argonaut/runner/options';
import type { ProcessFile, StepEntry } from './process-file.ts';
import { bytes, milliseconds } from './quantities.ts';

const SYNTAXES = { sh: 'Sh', bash: 'Bash', python: 'Python', pwsh: 'PowerShell' } as const;

export function toProcess(file: ProcessFile): ProcessSnapshot {
  return { schema: 1, steps: file.steps.map(toStep) };
}

function toStep(entry: StepEntry, index: number): Step {
  return {
    id: `step-${index + 1}`,
    name: entry.name,
    condition: condition(entry.when),
    start: entry.parallel === true ? 'StartWithPrevious' : 'StartAfterPrevious',
    actions: [toAction(entry, index)],
  };
}

function condition(when: string | undefined): StepCondition {
  switch (when?.trim().toLowerCase()) {
    case undefined:
    case 'success':
      return { kind: 'Success' };
    case 'failure':
      return { kind: 'Failure' };
    case 'always':
      return { kind: 'Always' };
    default:
      return { kind: 'Variable', expression: when ?? '' };
  }
}

function toAction(entry: StepEntry, index: number): Action {
  const { image, pull, limits, retries } = entry;
  const options: Action['options'] = {
    ...(entry.timeout === undefined ? {} : { timeoutMs: milliseconds(entry.timeout) }),
    ...(entry.grace === undefined ? {} : { graceMs: milliseconds(entry.grace) }),
    ...(retries === undefined ? {} : { retries: toRetries(retries) }),
    ...(limits === undefined ? {} : { limits: toLimits(limits) }),
    ...(entry.network === undefined ? {} : { network: entry.network }),
    ...(entry.hosts === undefined ? {} : { extraHosts: entry.hosts }),
    ...(entry.dns === undefined ? {} : { dns: entry.dns }),
    ...(entry.user === undefined ? {} : { user: entry.user }),
    ...containerOptions(entry),
    ...(entry.readonly === undefined ? {} : { readOnlyRoot: entry.readonly }),
    ...(entry.oneStream === undefined ? {} : { oneStream: entry.oneStream }),
    ...(entry.failOnErrorOutput === undefined ? {} : { failOnErrorOutput: entry.failOnErrorOutput }),
    ...(entry.messages === undefined ? {} : { serviceMessages: entry.messages }),
    ...(pull === undefined ? {} : { pull }),
  };
  return {
    ...plainAction(`action-${index + 1}`, entry.name, toRun(entry)),
    options,
    ...(image === undefined ? {} : { container: { image } }),
    ...(entry.build === undefined ? {} : { container: toBuiltImage(entry.name, entry.build) }),
    ...(entry.services === undefined ? {} : { services: entry.services.map(toService) }),
  };
}

function toBuiltImage(
  step: string,
  { dockerfile, args = {} }: NonNullable<StepEntry['build']>,
): NonNullable<Action['container']> {
  const given = Object.entries(args).map(([name, value]) => [name, String(value)]);
  return {
    image: `the image of step "${step}"`,
    build: { dockerfile, arguments: Object.fromEntries(given) },
  };
}

/** Volumes are options too, and a source is always a path, also when it looks like the name of a volume. */
function containerOptions({ volumes = [], options }: StepEntry): Pick<Action['options'], 'containerOptions'> {
  const words = volumes.map((volume) => {
    const path = /^([/.]|#\{)/.test(volume) ? volume : `./${volume}`;
    return `--volume ${quoteWord(path)}`;
  });
  const all = [...words, ...(options === undefined ? [] : [options])];
  return all.length === 0 ? {} : { containerOptions: all.join('\n') };
}

function toRun(entry: StepEntry): Run {
  const surroundings = {
    ...(entry.env === undefined
      ? {}
      : {
          environment: Object.fromEntries(
            Object.entries(entry.env).map(([name, value]) => [name, String(value)]),
          ),
        }),
    ...(entry.workdir === undefined ? {} : { workingDirectory: entry.workdir }),
  };
  if (entry.run !== undefined) {
    const source = { kind: 'Inline', body: entry.run } as const;
    return { kind: 'Script', syntax: SYNTAXES[entry.shell ?? 'sh'], source, ...surroundings };
  }
  return {
    kind: 'Container',
    ...(entry.command === undefined ? {} : { command: entry.command }),
    ...(entry.args === undefined ? {} : { arguments: entry.args }),
    ...surroundings,
  };
}

function toRetries(retries: NonNullable<StepEntry['retries']>) {
  if (typeof retries === 'number') return { max: retries, backoffMs: 0 };
  return { max: retries.max, backoffMs: milliseconds(retries.backoff ?? 0) };
}

function toLimits({ cpus, memory, pids }: NonNullable<StepEntry['limits']>) {
  return {
    ...(cpus === undefined ? {} : { cpus }),
    ...(memory === undefined ? {} : { memoryBytes: bytes(memory) }),
    ...(pids === undefined ? {} : { pids }),
  };
}
