/** In a process file the container options of a step are its volumes, one a line. The user's own machine has no policy. */
import { resolve } from 'node:path';
import type { ContainerOptionsPolicy } from '@argonaut/server/execution';

/** Relative sources are seen from `base`, where the command was called. */
export function volumeOptions(base: string): ContainerOptionsPolicy {
  return {
    read: (options) => ({
      Mounts: options.split('\n').map((volume) => {
        const [source = '', target = '', mode] = volume.split(':');
        return { Type: 'bind', Source: resolve(base, source), Target: target, ReadOnly: mode === 'ro' };
      }),
    }),
  };
}
