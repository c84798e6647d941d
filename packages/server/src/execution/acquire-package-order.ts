/** Brings a package to a worker, with lines in the log while that takes time. */
import { Invalid } from '@argonaut/contracts';
import type { AcquireProgress } from '@argonaut/contracts/attempt';
import type { CommandOf } from '@argonaut/orchestrator';
import type { Call } from './call.ts';
import { serverLine } from './change.ts';
import type { Entry } from './execution-side.ts';
import { isOutOfReach, WorkerLost } from './patience.ts';
import { sayLine } from './say-line.ts';

export async function acquirePackage(order: CommandOf<'acquire-package'>, call: Call): Promise<Entry> {
  const { execution, lease, signal } = call;
  const { ports, task } = execution;
  const { package: key, acquisition, activity, pool, feed, packageId, version, extract } = order;
  const tell = (line: AcquireProgress): void => sayLine(execution, activity, line);
  try {
    if (ports.packages === undefined) {
      throw new Invalid(
        `Package ${packageId} ${version} cannot be used here: there is no feed to take it from.`,
      );
    }
    const found = await ports.packages.find({ feed, packageId, version }, { task, pool }, signal);
    const acquired = await call.patiently(
      () => lease.connection.acquirePackage({ ...found, extract }, tell, signal),
      isOutOfReach,
    );
    const message = `Package ${acquired.packageId} ${acquired.version} is ready (sha256:${acquired.sha256}).`;
    return {
      frames: [serverLine(activity, 'Verbose', message, ports.now())],
      events: [{ type: 'package-acquired', package: key, acquisition, acquired }],
    };
  } catch (error) {
    if (signal.aborted || error instanceof WorkerLost) throw error;
    const message = execution.told(error);
    return { events: [{ type: 'package-acquire-failed', package: key, acquisition, message }] };
  }
}
