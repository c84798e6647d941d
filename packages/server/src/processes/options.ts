/**
 * How an action is run: time, repetition, fences. The properties are listed in `docs/process-properties.md`. Those in the
 * table may be written as templates; then they are read when the step's turn has come.
 */
import {
  type ActionOptions,
  type BoundOption,
  contradictionOf,
  OPTION_WORDS,
  type OptionName,
} from '@argonaut/orchestrator';
import type { PropertyReader } from './properties.ts';

const WORDS: readonly (readonly [property: string, option: OptionName])[] = [
  ['Octopus.Action.ExecutionTimeout.Minutes', 'timeout'],
  ['Octopus.Action.AutoRetry.MaximumCount', 'retries'],
  ['Octopus.Action.AutoRetry.MinimumBackoff', 'backoff'],
  ['Argonaut.Action.GraceSeconds', 'grace'],
  ['Argonaut.Action.OneStream', 'oneStream'],
  ['Octopus.Action.FailScriptOnErrorOutput', 'errorOutput'],
  ['Argonaut.Action.ServiceMessages', 'serviceMessages'],
  ['Argonaut.Action.HoldOnFailure.Minutes', 'hold'],
  ['Argonaut.Action.Cpus', 'cpus'],
  ['Argonaut.Action.Memory', 'memory'],
  ['Argonaut.Action.Pids', 'pids'],
  ['Argonaut.Action.Network', 'network'],
  ['Argonaut.Action.ReadOnlyRoot', 'readOnlyRoot'],
  ['Argonaut.Action.Leftovers', 'leftovers'],
  ['Argonaut.Action.ImagePolicy', 'pull'],
];
const RUN_ON_SERVER = 'Octopus.Action.RunOnServer';

export function readOptions(properties: PropertyReader): ActionOptions {
  const bound: BoundOption[] = [];
  const onServer = properties.text(RUN_ON_SERVER);
  if (onServer?.includes('#{')) {
    bound.push({ option: 'runOnWorker', property: RUN_ON_SERVER, template: onServer });
  }
  let options: ActionOptions = {};
  for (const [property, option] of WORDS) {
    const text = properties.text(property);
    if (text === undefined || text.trim() === '') continue;
    if (text.includes('#{')) {
      bound.push({ option, property, template: text });
      continue;
    }
    const { meaning, apply } = OPTION_WORDS[option];
    const applied = apply(options, text);
    if (applied === undefined) properties.wrong(property, text.trim(), meaning);
    else options = applied;
  }
  const contradiction = contradictionOf(options);
  if (contradiction !== undefined) properties.complain(contradiction);
  const { retries, ...rest } = options;
  const mayRetry = (retries?.max ?? 0) > 0 || bound.some(({ option }) => option === 'retries');
  return present({
    ...rest,
    retries: mayRetry ? retries : undefined,
    extraHosts: properties.list('Argonaut.Action.ExtraHosts'),
    dns: properties.list('Argonaut.Action.Dns'),
    user: properties.text('Argonaut.Action.User'),
    containerOptions: properties.text('Octopus.Action.Container.Options'),
    bound: bound.length > 0 ? bound : undefined,
  });
}

type Present<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Without the fields that are undefined. */
function present<T extends object>(fields: T): Present<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Present<T>;
}
