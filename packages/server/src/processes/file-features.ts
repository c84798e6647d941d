/** What a step does to the files of its packages before it runs, from its properties and its list of features. */
import type { FileFeatures } from '@argonaut/orchestrator';
import type { PropertyReader } from './properties.ts';

const PREFIX = 'octopus.features.';

/** Features of Octopus that change what a step finds, and that this server does not have. */
const MISSING: Readonly<Record<string, string>> = {
  configurationtransforms: '.NET configuration transforms',
  configurationvariables: '.NET configuration variables',
  customdirectory: 'a custom installation directory',
  customscripts: 'custom deployment scripts',
};

/** Undefined: nothing is to be done. */
export function readFileFeatures(properties: PropertyReader): FileFeatures | undefined {
  const features = new Set(
    (properties.list('Octopus.Action.EnabledFeatures') ?? []).map((name) =>
      name.toLowerCase().replace(PREFIX, ''),
    ),
  );
  for (const [name, what] of Object.entries(MISSING)) {
    if (!features.has(name)) continue;
    properties.complain(
      `The step asks for ${what}, which this server does not have. Turn the feature off; values can be put into files by "substitute variables in files" and "structured configuration variables".`,
    );
  }
  const targets = (feature: string, flag: string, property: string): string | undefined => {
    const isOn = features.has(feature) || properties.flag(flag) === true;
    return isOn ? properties.text(property) : undefined;
  };
  const substitute = targets(
    'substituteinfiles',
    'Octopus.Action.SubstituteInFiles.Enabled',
    'Octopus.Action.SubstituteInFiles.TargetFiles',
  );
  const structured = targets(
    'jsonconfigurationvariables',
    'Octopus.Action.Package.JsonConfigurationVariablesEnabled',
    'Octopus.Action.Package.JsonConfigurationVariablesTargets',
  );
  if (substitute === undefined && structured === undefined) return undefined;
  return {
    ...(substitute === undefined ? {} : { substitute }),
    ...(structured === undefined ? {} : { structured }),
  };
}
