/** `/api/argonaut/{S}/workerpools/{id}/policy`: what the steps of a pool may ask of their containers. */
import { Invalid } from '@argonaut/contracts';
import { WorkerPoolPolicyResource, WritableWorkerPoolPolicy } from '@argonaut/contracts/rest';
import { feedsIn } from '../../../feeds/queries.ts';
import { fieldsOf, type RouteTable, withDefaults } from '../../../http/index.ts';
import type { Services } from '../../../services.ts';
import { poolsIn } from '../queries.ts';
import { present } from './codec.ts';
import { poolPoliciesIn, storedPolicy } from './queries.ts';

export function poolPolicyRoutes(routes: RouteTable, { database }: Services): void {
  const pools = poolsIn(database);
  const policies = poolPoliciesIn(database);
  routes.add({
    method: 'GET',
    path: '/argonaut/workerpools/:id/policy',
    scope: 'space',
    permission: 'WorkerView',
    summary: 'What the steps of a pool may ask of their containers',
    response: WorkerPoolPolicyResource,
    handle: async ({ params, space }) => {
      const pool = await pools.get(params.id, space);
      const stored = await storedPolicy(database, pool.id);
      const policy = stored?.document ?? withDefaults(WritableWorkerPoolPolicy, {});
      return present(space, pool.id, policy, stored === undefined);
    },
  });
  // Whoever opens a worker to containers gives it away: that is the administrator's to decide.
  routes.add({
    method: 'PUT',
    path: '/argonaut/workerpools/:id/policy',
    scope: 'space',
    permission: 'AdministerSystem',
    summary:
      'Says what the steps of a pool may ask of their containers; running tasks see it with their next container',
    body: WritableWorkerPoolPolicy,
    response: WorkerPoolPolicyResource,
    handle: async ({ params, body, space, record }) => {
      const pool = await pools.get(params.id, space);
      check(
        body,
        (await feedsIn(database).all({ space })).map(({ id }) => id),
      );
      const stored = await storedPolicy(database, pool.id);
      const document = { ...fieldsOf<WritableWorkerPoolPolicy>(body), WorkerPoolId: pool.id };
      if (stored === undefined) await policies.insert({ space, document });
      else await policies.update(stored, document);
      await record({
        category: 'Modified',
        message: `What the containers of worker pool ${pool.document.Name} may do was changed`,
        related: [pool.id],
        details: JSON.stringify(document),
      });
      return present(space, pool.id, document, false);
    },
  });
  routes.add({
    method: 'DELETE',
    path: '/argonaut/workerpools/:id/policy',
    scope: 'space',
    permission: 'AdministerSystem',
    summary: 'Goes back to the default policy of worker pools',
    response: WorkerPoolPolicyResource,
    handle: async ({ params, space, record }) => {
      const pool = await pools.get(params.id, space);
      const stored = await storedPolicy(database, pool.id);
      if (stored !== undefined) await policies.remove(stored.id);
      await record({
        category: 'Modified',
        message: `The containers of worker pool ${pool.document.Name} are held against the default policy again`,
        related: [pool.id],
      });
      return present(space, pool.id, withDefaults(WritableWorkerPoolPolicy, {}), true);
    },
  });
}

/** @throws Invalid with every complaint */
function check({ Binds = [], Feeds = [] }: WritableWorkerPoolPolicy, known: readonly string[]): void {
  const errors = Feeds.filter((feed) => !known.includes(feed)).map(
    (feed) => `Feeds: there is no feed ${feed} in this space. Name feeds by their ids.`,
  );
  for (const { Directory } of Binds) {
    if (Directory.split('/').includes('..'))
      errors.push(`Binds: "${Directory}" must be written without "..".`);
  }
  if (errors.length > 0) throw new Invalid(errors.join(' '), { errors });
}
