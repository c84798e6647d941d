/** Text and policy in, settings of the attempt out. */
import { Invalid } from '@argonaut/contracts';
import type { MountReading } from './mounts.ts';
import type { OptionsPolicy, WhereLeads } from './options-policy.ts';
import { parseContainerOptions } from './parse.ts';
import { checkPolicy } from './policy.ts';
import { type ContainerSettings, settingsOf } from './settings.ts';

/** `Invalid` names every flag that is not understood, or every one that is refused and the policy that refuses it. */
export function readContainerOptions(
  text: string,
  policy: OptionsPolicy,
  reading: MountReading & { readonly whereLeads?: WhereLeads } = {},
): ContainerSettings {
  const options = parseContainerOptions(text, reading);
  const refusals = checkPolicy(options, policy, reading.whereLeads);
  if (refusals.length > 0) {
    const errors = refusals.map(({ message }) => message);
    throw new Invalid(`The container options are refused. ${errors.join(' ')}`, { errors });
  }
  return settingsOf(options);
}
