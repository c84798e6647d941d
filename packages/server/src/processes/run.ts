/** What an action does, from its type and its properties. Types and languages that are not ours become `Unsupported`. */
import type { Run, ScriptSource, ScriptSyntax } from '@argonaut/orchestrator';
import type { PropertyReader } from './properties.ts';
import type { StoredAction } from './queries.ts';

const SCRIPT = 'octopus.script';
const MANUAL = 'octopus.manual';
const CONTAINER = 'argonaut.container';
const SYNTAXES: readonly ScriptSyntax[] = ['Bash', 'Sh', 'Python', 'PowerShell'];

/** `hasImage`: the action names an image to run in. `roles`: the tags of targets, from the step. */
export function readRun(
  action: StoredAction,
  properties: PropertyReader,
  place: { readonly hasImage: boolean; readonly roles: string | undefined },
): Run {
  const type = action.ActionType.toLowerCase();
  if (type === MANUAL) return readManual(properties);
  if (type !== SCRIPT && type !== CONTAINER) return { kind: 'Unsupported', actionType: action.ActionType };
  refuseTargets(properties, place.roles);
  if (type === SCRIPT) return readScript(action, properties);
  if (!place.hasImage) {
    properties.complain(
      'A step of the type Argonaut.Container runs the program of an image, but names none. Choose a feed and an image for it.',
    );
  }
  return readContainer(properties);
}

/** Scripts for deployment targets would otherwise run once on a worker: somewhere else than was meant. */
function refuseTargets(properties: PropertyReader, roles: string | undefined): void {
  // A template is read with the options, when the step's turn has come.
  if (properties.text('Octopus.Action.RunOnServer')?.includes('#{')) return;
  const onServer = properties.flag('Octopus.Action.RunOnServer');
  if (onServer === true || (onServer === undefined && roles === undefined)) return;
  properties.complain(
    `The step is meant to run on deployment targets${roles === undefined ? '' : ` tagged "${roles}"`}; this server runs steps on workers. Set Octopus.Action.RunOnServer to True to run it once on a worker.`,
  );
}

function readScript(action: StoredAction, properties: PropertyReader): Run {
  const source = readSource(action, properties);
  // Octopus's default, which clients rely on by saving no syntax at all.
  const said = properties.text('Octopus.Action.Script.Syntax');
  const written = (source.kind === 'Package' ? syntaxOfFile(source.file, said) : said) ?? 'PowerShell';
  const syntax = SYNTAXES.find((known) => known.toLowerCase() === written.trim().toLowerCase());
  if (syntax === undefined) {
    properties.complain(
      `Scripts in ${written} are not supported. Write the script in ${SYNTAXES.join(', ')}, or run an image that has what it needs.`,
    );
  }
  const parameters = properties.text('Octopus.Action.Script.ScriptParameters');
  return {
    kind: 'Script',
    syntax: syntax ?? 'Sh',
    source,
    ...(parameters === undefined ? {} : { parameters }),
    ...optional('environment', properties.dictionary('Argonaut.Action.Environment')),
    ...optional('workingDirectory', properties.text('Argonaut.Action.WorkingDirectory')),
  };
}

/** A file of a package is in the language that its ending names; of the two shells that share one, the step chooses. */
function syntaxOfFile(file: string, said: string | undefined): string | undefined {
  const ending = file.slice(file.lastIndexOf('.') + 1).toLowerCase();
  if (ending === 'sh') return said?.trim().toLowerCase() === 'sh' ? 'Sh' : 'Bash';
  return FILE_LANGUAGES[ending] ?? said;
}

const FILE_LANGUAGES: Readonly<Record<string, string>> = {
  ps1: 'PowerShell',
  py: 'Python',
  csx: 'CSharp',
  fsx: 'FSharp',
};

function readSource(action: StoredAction, properties: PropertyReader): ScriptSource {
  const source = properties.word('Octopus.Action.Script.ScriptSource', [
    'Inline',
    'Package',
    'GitRepository',
    'Core',
  ]);
  if (source === 'Package') {
    const file = properties.text('Octopus.Action.Script.ScriptFileName');
    if (file === undefined) {
      properties.complain(
        'The script comes from a package, but Octopus.Action.Script.ScriptFileName does not say which file it is.',
      );
    }
    const hasPrimary = action.Packages.some((reference) => (reference.Name ?? '') === '');
    if (!hasPrimary && properties.text('Octopus.Action.Package.PackageId') === undefined) {
      properties.complain('The script comes from a package, but the step names no package.');
    }
    return { kind: 'Package', package: '', file: file ?? '' };
  }
  if (source === 'GitRepository') {
    properties.complain(
      'Scripts from Git repositories are not supported yet. Put the script into the step or into a package.',
    );
  }
  return { kind: 'Inline', body: properties.text('Octopus.Action.Script.ScriptBody') ?? '' };
}

function readContainer(properties: PropertyReader): Run {
  return {
    kind: 'Container',
    ...optional('command', properties.texts('Argonaut.Action.Container.Command')),
    ...optional('arguments', properties.texts('Argonaut.Action.Container.Arguments')),
    ...optional('environment', properties.dictionary('Argonaut.Action.Container.Environment')),
    ...optional('workingDirectory', properties.text('Argonaut.Action.WorkingDirectory')),
  };
}

function readManual(properties: PropertyReader): Run {
  return {
    kind: 'Manual',
    instructions: properties.text('Octopus.Action.Manual.Instructions') ?? '',
    responsibleTeams: properties.list('Octopus.Action.Manual.ResponsibleTeamIds') ?? [],
    ...optional(
      'blockConcurrentDeployments',
      properties.flag('Octopus.Action.Manual.BlockConcurrentDeployments'),
    ),
  };
}

function optional<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [P in K]?: V });
}
