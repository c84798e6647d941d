/** What is told when a process is saved: secrets among its settings that cannot be hidden well. */
import type { WritableProcess } from '@argonaut/contracts/rest';
import { maskingWarning } from '../variables/maskable.ts';

/** About the secrets that were sent with this change; those that stay are sealed and not looked into. */
export function processWarnings({ Steps }: Pick<WritableProcess, 'Steps'>): string[] {
  return (Steps ?? []).flatMap((step) => [
    ...warningsAbout(step.Name, step.Properties),
    ...(step.Actions ?? []).flatMap((action) => [
      ...warningsAbout(action.Name, action.Properties),
      ...(action.Packages ?? []).flatMap((reference) => warningsAbout(action.Name, reference.Properties)),
    ]),
  ]);
}

function warningsAbout(step: string, bag: Readonly<Record<string, unknown>> | undefined): readonly string[] {
  return Object.entries(bag ?? {}).flatMap(([name, value]) => {
    const sent =
      typeof value === 'object' && value !== null && 'NewValue' in value ? value.NewValue : undefined;
    const warning = typeof sent === 'string' ? maskingWarning(name, sent) : undefined;
    return warning === undefined ? [] : [`Step "${step}": ${warning}`];
  });
}
