/** A run of a process: what is stored of it whatever it is a run of, and how it comes into being. */
import { createHash } from 'node:crypto';
import { type runAdditions, type runOptions, timestamp } from '@argonaut/contracts/rest';
import type { ProcessSnapshot } from '@argonaut/orchestrator';
import type { Static, TObject } from 'typebox';
import type { Stored } from '../../database/index.ts';
import type { Environment } from '../../environments/queries.ts';
import { SERVER_NAME } from '../../events/index.ts';
import type { Principal } from '../../http/index.ts';
import type { SealedProperties } from '../../processes/own-properties.ts';
import type { Project } from '../../projects/queries.ts';
import type { Services } from '../../services.ts';
import {
  acceptAnswers,
  type PromptAnswers,
  type SystemContext,
  taskVariable,
} from '../../variables/index.ts';
import { startTask } from '../start.ts';
import { whereContext } from './context.ts';
import { checkTimes, excludedActions, refuseTenants } from './options.ts';

type RunOptions = Static<TObject<typeof runOptions>>;
type RunAdditions = Omit<Static<TObject<typeof runAdditions>>, 'SpaceId'>;

export interface ProcessRun extends RunOptions, RunAdditions {
  readonly EnvironmentId: string;
  /** Frozen variables, as they were when it was made; those of what is run may be updated later. */
  readonly VariableSnapshotIds: readonly string[];
  /** Answers to prompts; `FormValues` keeps nothing that is secret. */
  readonly Answers: PromptAnswers;
}

/** What is run: a release, a snapshot of a runbook. */
export interface Runnable {
  readonly project: Stored<Project>;
  readonly process: ProcessSnapshot;
  readonly sealedProperties: SealedProperties;
  readonly variableSnapshotIds: readonly string[];
}

/** Where the variables of a run hold. */
export type Place = Parameters<typeof acceptAnswers>[1]['place'];

export interface RunRequest {
  readonly space: string;
  /** Who asked for it; undefined: the server itself. */
  readonly user: Principal | undefined;
  /** Of the run, which is stored with what this gives. */
  readonly id: string;
  readonly options: RunOptions;
  readonly skipStepNames: readonly string[];
  readonly runnable: Runnable;
  readonly environment: Stored<Environment>;
  readonly place: Place;
  /** What system variables know of this kind of run before there is one. */
  readonly system: Partial<SystemContext>;
  /** The run's own name, as `Deploy to Production`. */
  readonly name: string;
  readonly task: Pick<
    Parameters<typeof startTask>[1],
    'name' | 'description' | 'arguments' | 'tag' | 'runbookId' | 'relatedIds'
  >;
}

/**
 * Checks the options, freezes the answers to prompts and puts a task into the queue, in the caller's transaction.
 * @throws Invalid, NotFound with what stands against it.
 */
export async function startRun(services: Services, request: RunRequest) {
  const { space, user, id, options, runnable, environment } = request;
  const now = services.now();
  refuseTenants([options.TenantId]);
  checkTimes(options.QueueTime, options.QueueTimeExpiry, now);
  const SkipActions = excludedActions(runnable.process, options.SkipActions ?? [], request.skipStepNames);
  const Answers = await acceptAnswers(services, {
    space,
    snapshots: runnable.variableSnapshotIds,
    place: request.place,
    owner: id,
    given: options.FormValues ?? {},
  });
  const task = await startTask(services, {
    ...request.task,
    tag: await concurrencyTag(services, request, Answers),
    space,
    queueTime: options.QueueTime,
    queueTimeExpiry: options.QueueTimeExpiry,
    projectId: runnable.project.id,
    environmentId: environment.id,
    ...(user === undefined ? {} : { by: user }),
  });
  return {
    EnvironmentId: environment.id,
    SkipActions,
    FormValues: shown(Answers.values),
    ProjectId: runnable.project.id,
    TaskId: task.id,
    Name: request.name,
    Created: timestamp(now),
    DeployedBy: user?.username ?? SERVER_NAME,
    DeployedById: user?.id ?? '',
    FailureEncountered: false,
    VariableSnapshotIds: runnable.variableSnapshotIds,
    Answers,
  } satisfies Partial<ProcessRun>;
}

/** Changes which tasks wait for each other, in both directions. */
const CONCURRENCY_TAG = 'Octopus.Task.ConcurrencyTag';

/**
 * What the variable says, else the tag of the kind of run; of this space, so that nobody makes another space's tasks wait.
 * A variable may hold a secret, and the queue needs to know no more than what is equal: so it is kept as a hash.
 */
async function concurrencyTag(
  services: Services,
  { space, runnable, environment, place, system, task }: RunRequest,
  answers: PromptAnswers,
): Promise<string | null> {
  const tag =
    (await taskVariable(services, CONCURRENCY_TAG, {
      space,
      snapshots: runnable.variableSnapshotIds,
      place,
      answers,
      nowMs: services.now().getTime(),
      system: async () => ({ ...(await whereContext(services, runnable.project, environment)), ...system }),
    })) ?? task.tag;
  return tag === null ? null : createHash('sha256').update(`${space}\n${tag}`).digest('base64url');
}

/** Only what may be seen: answers to sensitive variables are sealed and stay away. */
function shown(values: PromptAnswers['values']): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}
