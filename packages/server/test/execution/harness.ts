/** A task on a fake worker, with everything around it in memory. */

import type { LateValues } from '@argonaut/contracts/attempt';
import {
  type Action,
  initialState,
  type PlanInput,
  plainAction,
  plan,
  type Step,
  type Variables,
} from '@argonaut/orchestrator';
import { defaultPolicy, readContainerOptions } from '@argonaut/runner/options';
import {
  type ExecutionPorts,
  MemoryRunStore,
  type RunStore,
  type StoredArtifact,
  TaskExecution,
  type WorkerLease,
} from '../../src/execution/index.ts';
import { type LogSource, readFrames } from '../../src/tasklog/index.ts';
import { FakeWorker, type Program } from './fake-worker.ts';

export const TASK = 'ServerTasks-1';

export function aStep(
  name: string,
  changes: Partial<Step> & { readonly action?: Partial<Action> } = {},
): Step {
  const { action, ...step } = changes;
  const run = { kind: 'Script', syntax: 'Sh', source: { kind: 'Inline', body: 'true' } } as const;
  return {
    id: `id-of-${name}`,
    name,
    condition: { kind: 'Success' },
    start: 'StartAfterPrevious',
    actions: [
      { ...plainAction(`action-of-${name}`, name, run), container: { image: 'alpine:3' }, ...action },
    ],
    ...step,
  };
}

export interface Harness {
  readonly store: RunStore;
  readonly worker: FakeWorker;
  readonly ports: ExecutionPorts;
  readonly artifacts: Map<string, string>;
  readonly leases: Set<string>;
}

export interface HarnessOptions {
  readonly programs?: (title: string, late: LateValues) => Program;
  readonly variables?: Variables;
  readonly sensitive?: readonly string[];
  readonly store?: RunStore;
  readonly plan?: Partial<PlanInput>;
  readonly ports?: Partial<ExecutionPorts>;
}

/** Stores a task with these steps; nothing runs yet. */
export async function harness(steps: readonly Step[], options: HarnessOptions = {}): Promise<Harness> {
  const store = options.store ?? new MemoryRunStore();
  const worker = new FakeWorker(options.programs ?? (() => ({})));
  const artifacts = new Map<string, string>();
  const leases = new Set<string>();
  const values = options.variables ?? {};
  const made = plan({
    task: TASK,
    title: 'Deploy',
    server: 'server-1',
    attemptPrefix: 'servertasks-1',
    process: { schema: 1, steps: [...steps] },
    defaultPool: 'WorkerPools-1',
    scope: { variables: () => values, nowMs: 0 },
    ...options.plan,
  });
  await store.create(made, initialState(made));
  const ports: ExecutionPorts = {
    store,
    workers: {
      async lease({ pool, generation }): Promise<WorkerLease> {
        leases.add(`${pool}:${generation}`);
        return { worker: 'Workers-1', name: 'worker one', connection: worker };
      },
      async release({ pool, generation }) {
        leases.delete(`${pool}:${generation}`);
      },
    },
    images: { request: async ({ reference }) => ({ reference, policy: 'if-not-present' }) },
    variables: { load: async () => ({ of: () => ({ values, sensitive: new Set(options.sensitive) }) }) },
    artifacts: {
      async put(_task: string, artifact: StoredArtifact, content) {
        const parts: Uint8Array[] = [];
        for await (const part of content) parts.push(part);
        artifacts.set(artifact.name, Buffer.concat(parts).toString());
      },
    },
    containerOptions: {
      read: async (text) => readContainerOptions(text, defaultPolicy),
      policyOf: async () => undefined,
    },
    now: () => Date.now(),
    ...options.ports,
  };
  return { store, worker, ports, artifacts, leases };
}

/** Runs the task to its end in this process. */
export async function runToEnd({ ports }: Harness) {
  const execution = await TaskExecution.claim(TASK, ports);
  const completion = await execution.run(AbortSignal.timeout(20_000));
  if (completion === 'stopped') throw new Error('The task did not end within 20 s.');
  return completion;
}

/** What each script wrote, as stored; by step title. */
export async function storedText(source: LogSource): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  for await (const { frame } of readFrames(source)) {
    if (frame.type !== 'text' || frame.source === 'server') continue;
    const key = `${frame.activity} ${frame.source}`;
    texts.set(key, (texts.get(key) ?? '') + Buffer.from(frame.bytes).toString());
  }
  return texts;
}
