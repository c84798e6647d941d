/** Makes an image present on a worker, with lines in the log while that takes time. */
import { messageOf } from '@argonaut/contracts';
import type { CommandOf } from '@argonaut/orchestrator';
import type { Call } from './call.ts';
import { serverLine } from './change.ts';
import type { Entry } from './execution-side.ts';
import { isAway, WorkerLost } from './patience.ts';

export async function acquireImage(order: CommandOf<'acquire'>, call: Call): Promise<Entry> {
  const { execution, lease, signal } = call;
  const { ports, task } = execution;
  const { image, acquisition, activity, pool, reference } = order;
  const name = {
    reference,
    ...(order.feed === undefined ? {} : { feed: order.feed }),
    ...(order.pull === undefined ? {} : { pull: order.pull }),
  };
  try {
    const { warnings = [], ...request } = await ports.images.request(name, { task, pool }, signal);
    const frames = warnings.map((warning) => serverLine(activity, 'Warning', warning, ports.now()));
    if (frames.length > 0) execution.post({ frames }).catch(() => {});
    const acquired = await call.patiently(
      () =>
        lease.connection.acquire(
          request,
          ({ level, message }) => {
            const line = serverLine(activity, level, message, ports.now());
            execution.post({ frames: [line] }).catch(() => {});
          },
          signal,
        ),
      isAway,
    );
    const { digest } = acquired;
    await ports.images.acquired?.({ ...name, ...(digest === undefined ? {} : { digest }) }, { task, pool });
    const what = digest === undefined ? acquired.local : digest;
    return {
      frames: [
        serverLine(activity, 'Verbose', `Image ${acquired.reference} is ready (${what}).`, ports.now()),
      ],
      events: [{ type: 'acquired', image, acquisition, acquired }],
    };
  } catch (error) {
    if (signal.aborted || error instanceof WorkerLost) throw error;
    return { events: [{ type: 'acquire-failed', image, acquisition, message: messageOf(error) }] };
  }
}
