/** What the steps of a worker pool may ask of their containers. Every pool has the default policy. */
import { defaultPolicy, type OptionsPolicy, readContainerOptions } from '@argonaut/runner/options';
import type { ContainerOptionsPolicy } from '../../execution/index.ts';
import type { Services } from '../../services.ts';

export function containerOptionsPolicy({ config }: Pick<Services, 'config'>): ContainerOptionsPolicy {
  const { dataDirectory, hostDataDirectory } = config;
  const policy: OptionsPolicy = {
    ...defaultPolicy,
    // Whoever mounts the data directory reads what other steps and the server keep there.
    closedDirectories: [
      ...defaultPolicy.closedDirectories,
      dataDirectory,
      ...(hostDataDirectory === undefined ? [] : [hostDataDirectory]),
    ],
  };
  return { read: async (options) => readContainerOptions(options, policy) };
}
