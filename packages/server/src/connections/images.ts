/** `ImageDirectory` over feeds: turns what a step names into what a worker can be asked for. */
import type { ImageDirectory } from '../execution/index.ts';
import { imageReference } from '../feeds/index.ts';
import type { Services } from '../services.ts';
import { tasksIn } from '../tasks/queries.ts';

export function imageDirectory(services: Services): ImageDirectory {
  return {
    async request({ feed, reference, pull }, { task }) {
      const { spaceId } = await tasksIn(services.database).get(task);
      const found = await imageReference(services, spaceId, feed, reference);
      // A feed's tag may have moved since the last task; what names no feed may exist on the worker only.
      const policy = pull ?? (feed ? 'always' : 'if-not-present');
      return { ...found, policy };
    },
  };
}
