/** `/api/argonaut/{S}/workerpools/{id}/pull-images`: images for all workers of a pool, before anybody needs them. */
import { PullImages, TaskResource } from '@argonaut/contracts/rest';
import { imageReference } from '../../feeds/index.ts';
import { created, type RouteTable } from '../../http/index.ts';
import type { Services } from '../../services.ts';
import { present } from '../../tasks/codec.ts';
import { checkImageSource, sourceOf } from '../pools/policy/images.ts';
import { poolsIn } from '../pools/queries.ts';
import { startPull } from './pull-task.ts';

export function pullImagesRoutes(routes: RouteTable, services: Services): void {
  routes.add({
    method: 'POST',
    path: '/argonaut/workerpools/:id/pull-images',
    scope: 'space',
    permission: 'WorkerEdit',
    summary: 'Starts a task that brings images to every worker of a pool',
    body: PullImages,
    response: TaskResource,
    idempotent: true,
    handle: async ({ params, body, space }) => {
      const pool = await poolsIn(services.database).get(params.id, space);
      // What can be seen to be wrong now is said now.
      for (const { FeedId, Image } of body.Images) {
        const image = await imageReference(services, space, FeedId, Image);
        await checkImageSource(services.database, pool.id, sourceOf(image));
      }
      const task = await startPull(services, {
        space,
        pool: { id: pool.id, name: pool.document.Name },
        images: body.Images,
      });
      return created(present(task, services.now()));
    },
  });
}
