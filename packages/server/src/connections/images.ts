/** `ImageDirectory` over feeds: turns what a step names into what a worker can be asked for. */
import type { ImageDirectory } from '../execution/index.ts';
import type { Services } from '../services.ts';

export function imageDirectory(_services: Services): ImageDirectory {
  return {
    async request({ reference, pull }) {
      return { reference, policy: pull ?? 'if-not-present' };
    },
  };
}
