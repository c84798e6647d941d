/** `/livez`, `/readyz` and `/metrics`: for the machines that watch this one. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { messageOf } from '@argonaut/contracts';
import { Answer, type RouteTable, text } from '../http/index.ts';
import type { Services } from '../services.ts';

const NANOSECONDS_PER_SECOND = 1e9;

export function healthRoutes(routes: RouteTable, services: Services): void {
  const { database, metrics, stopping } = services;
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  metrics.gauge('argonaut_resident_memory_bytes', 'Memory of the server process.', () =>
    process.memoryUsage.rss(),
  );
  metrics.gauge(
    'argonaut_event_loop_delay_seconds',
    'How late timers fire, 99th percentile since the last look.',
    () => {
      const seconds = delay.percentile(99) / NANOSECONDS_PER_SECOND;
      delay.reset();
      return Number.isFinite(seconds) ? seconds : 0;
    },
  );
  metrics.gauge(
    'argonaut_database_commits_total',
    'Transactions committed.',
    () => database.commits,
    'counter',
  );

  routes.add({
    method: 'GET',
    path: '/livez',
    scope: 'root',
    permission: 'Anonymous',
    summary: 'The process answers',
    handle: async () => text('ok'),
  });
  routes.add({
    method: 'GET',
    path: '/readyz',
    scope: 'root',
    permission: 'Anonymous',
    summary: 'The server can do its work: it is not stopping and its database answers',
    handle: async () => {
      if (stopping.aborted) return new Answer(503, 'stopping');
      try {
        await database.ping();
        return text('ok');
      } catch (error) {
        return new Answer(503, `the database does not answer: ${messageOf(error)}`);
      }
    },
  });
  routes.add({
    method: 'GET',
    path: '/metrics',
    scope: 'root',
    permission: 'Anonymous',
    summary: 'Metrics in the text format of Prometheus',
    handle: async () =>
      new Answer(200, metrics.expose(), { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }),
  });
}
