/** Container options on the user's own machine, where everything may be done that leaves a run exact. */
import { ownMachinePolicy, readContainerOptions } from '@argonaut/runner/options';
import type { ContainerOptionsPolicy } from '@argonaut/server/execution';

/** Relative sources are seen from `base`, where the command was called. */
export function ownMachineOptions(base: string): ContainerOptionsPolicy {
  return {
    read: async (options) => readContainerOptions(options, ownMachinePolicy, { base }),
    policyOf: async () => undefined,
  };
}
