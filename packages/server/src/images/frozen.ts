/** What a release and a runbook snapshot have in common where images are concerned. */
import {
  type ImageName,
  knownPoolImages,
  type PoolImage,
  type ProcessSnapshot,
  plan,
  type Scope,
} from '@argonaut/orchestrator';
import type { Stored } from '../database/index.ts';
import type { Environment } from '../environments/queries.ts';
import type { SealedProperties } from '../processes/own-properties.ts';
import type { Services } from '../services.ts';
import { createScope, type Place, type SystemContext, type TaskVariableScope } from '../variables/index.ts';
import { defaultPool } from '../workers/pools/queries.ts';

/** A process with its variables, as they were frozen, and where it may run. */
export interface FrozenProcess {
  readonly space: string;
  readonly process: ProcessSnapshot;
  readonly sealedProperties: SealedProperties;
  readonly variableSnapshotIds: readonly string[];
  readonly channel?: { readonly id: string; readonly name: string };
  readonly environments: readonly Stored<Environment>[];
  place(environment: string): Place;
  system(environment: Stored<Environment>): Promise<SystemContext>;
}

/** Every image that some environment would use, as far as it can be told before anything runs. Each once. */
export async function imagesOf(services: Services, frozen: FrozenProcess): Promise<readonly ImageName[]> {
  const found = new Map<string, ImageName>();
  for (const { pool: _, ...name } of await poolImagesOf(services, frozen)) found.set(identityOf(name), name);
  return [...found.values()];
}

/** Of what is built each text is an image of its own. */
function identityOf({ feed = '', reference, build }: ImageName): string {
  return JSON.stringify([feed, reference, build]);
}

/** The same with the pools whose workers would use them. */
export async function poolImagesOf(services: Services, frozen: FrozenProcess): Promise<readonly PoolImage[]> {
  const found = new Map<string, PoolImage>();
  const { id: pool } = await defaultPool(services.database, frozen.space);
  for (const environment of frozen.environments) {
    const { id, document } = environment;
    const scope = withoutSecrets(
      await createScope(services, {
        space: frozen.space,
        snapshots: frozen.variableSnapshotIds,
        sealedProperties: frozen.sealedProperties,
        place: frozen.place(id),
        system: await frozen.system(environment),
        nowMs: services.now().getTime(),
      }),
    );
    const planned = plan({
      ...NOTHING_RUNS,
      defaultPool: pool,
      process: frozen.process,
      environment: { id, name: document.Name },
      ...(frozen.channel === undefined ? {} : { channel: frozen.channel }),
      scope,
    });
    for (const image of knownPoolImages(planned, scope))
      found.set(`${image.pool}|${identityOf(image)}`, image);
  }
  return [...found.values()];
}

/** The names that a plan has when it becomes a task. */
const NOTHING_RUNS = { task: '', title: '', server: '', attemptPrefix: 'none' } as const;

/** The table is for everybody to see: what a secret decides is not in it. */
function withoutSecrets(scope: TaskVariableScope): Scope {
  return {
    nowMs: scope.nowMs,
    variables(action, step) {
      const { values, sensitive } = scope.of(action, step);
      return Object.fromEntries(Object.entries(values).filter(([name]) => !sensitive.has(name)));
    },
  };
}
