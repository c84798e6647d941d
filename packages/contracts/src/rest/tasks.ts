/** Tasks: one run of something. A task is read and cancelled; what it does is said by what started it. */
import { type Static, Type } from 'typebox';
import {
  Dictionary,
  Nullable,
  OneOf,
  Optional,
  PageQuery,
  QueryList,
  Resource,
  Text,
  Timestamp,
} from './basics.ts';

/** One `l` in `Canceled`, two in `Cancelling`: clients compare the text. */
export const TASK_STATES = [
  'Queued',
  'Executing',
  'Cancelling',
  'Success',
  'Failed',
  'Canceled',
  'TimedOut',
] as const;
export const TaskStateName = Type.Enum([...TASK_STATES]);
export type TaskStateName = (typeof TASK_STATES)[number];

export const TaskResource = Resource(
  'Task',
  {
    Name: Type.String({ description: '`Deploy`, `RunbookRun`, `Health`.' }),
    Description: Text,
    Arguments: Dictionary(Type.Unknown()),
    State: TaskStateName,
    QueueTime: Timestamp,
    QueueTimeExpiry: Nullable(Timestamp),
    StartTime: Nullable(Timestamp),
    LastUpdatedTime: Timestamp,
    CompletedTime: Nullable(Timestamp),
    ErrorMessage: Text,
    HasWarningsOrErrors: Type.Boolean(),
    HasPendingInterruptions: Type.Boolean(),
    PendingInterruptionTypes: Type.Array(Type.String()),
    IsPrioritized: Optional(
      Type.Boolean({ description: 'Somebody has put it before those that waited longer.' }),
    ),
    Outcome: Optional(
      Type.String({ description: '`Unknown` when nobody can tell how a step ended; absent otherwise.' }),
    ),
  },
  {
    SpaceId: Type.String(),
    Completed: Type.String({ description: 'For people.' }),
    Duration: Type.String({ description: 'For people.' }),
    ServerNode: Type.String(),
    HasBeenPickedUpByProcessor: Type.Boolean(),
    IsCompleted: Type.Boolean(),
    FinishedSuccessfully: Type.Boolean(),
    CanRerun: Type.Boolean(),
    ProjectId: Optional(Type.String()),
  },
);
export type TaskResource = Static<typeof TaskResource>;

export const TaskQuery = Type.Object({
  ...PageQuery.properties,
  active: Optional(Type.Boolean({ description: 'Only tasks that are not over.' })),
  running: Optional(Type.Boolean({ description: 'Only tasks that have begun and are not over.' })),
  states: QueryList,
  name: Optional(Type.String({ description: 'The kind of task, such as `Deploy`.' })),
  project: Optional(Type.String()),
  environment: Optional(Type.String()),
  tenant: Optional(Type.String()),
  runbook: Optional(Type.String()),
  node: Optional(Type.String()),
  spaces: QueryList,
  includeSystem: Optional(Type.Boolean()),
  hasPendingInterruptions: Optional(Type.Boolean()),
  hasWarningsOrErrors: Optional(Type.Boolean()),
});
export type TaskQuery = Static<typeof TaskQuery>;

export const CreateTask = Type.Object(
  {
    Name: OneOf(['Health']),
    Description: Optional(Text),
    Arguments: Optional(Dictionary(Type.Unknown())),
  },
  { title: 'CreateTask' },
);

export const ChangeTaskState = Type.Object(
  {
    state: OneOf(['Success', 'Failed']),
    reason: Type.String({ minLength: 1, description: 'Why a person decided it; shown with the task.' }),
  },
  { title: 'ChangeTaskState' },
);
