/** Fetches the files that the script declared, then lets the worker forget the attempt. */
import type { CommandOf } from '@argonaut/orchestrator';
import { untilGone } from './attempt-orders.ts';
import type { Call } from './call.ts';
import { serverLine } from './change.ts';
import { engineBack, isEngineAway } from './engine-back.ts';
import type { Entry } from './execution-side.ts';
import { isOutOfReach, WorkerLost } from './patience.ts';
import type { StoredArtifact } from './ports.ts';

export async function finishAttempt(order: CommandOf<'finish'>, call: Call): Promise<Entry> {
  const { execution, lease, epoch, signal } = call;
  const { attempt } = order;
  for (const artifact of execution.artifactsOf(attempt)) {
    if (artifact.status !== 'declared') continue;
    try {
      await collect(attempt, artifact, call);
      await execution.post({ artifact: { ...artifact, status: 'stored' } });
    } catch (error) {
      if (signal.aborted || error instanceof WorkerLost) throw error;
      const text = `Artifact "${artifact.name}" could not be collected: ${execution.told(error)}`;
      const line = serverLine(attempt, 'Warning', text, execution.ports.now());
      await execution.post({ artifact: { ...artifact, status: 'failed' }, frames: [line] });
    }
  }
  await untilGone(call, () => lease.connection.finish(attempt, epoch, signal));
  return { events: [{ type: 'finished', attempt }] };
}

/** After this the worker forgets the file: whoever breaks off in the middle of it is asked for it again. */
async function collect(attempt: string, artifact: StoredArtifact, call: Call): Promise<void> {
  const { execution, lease, signal } = call;
  const once = () =>
    call.patiently(async () => {
      const content = lease.connection.read(attempt, artifact.path, signal);
      await execution.ports.artifacts.put(execution.task, artifact, content);
    }, isOutOfReach);
  try {
    await once();
  } catch (error) {
    if (!isEngineAway(error)) throw error;
    await engineBack(call, attempt);
    await once();
  }
}
