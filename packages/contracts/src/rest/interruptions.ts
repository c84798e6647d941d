/** Interruptions: a task asks a person, and waits. */
import { Type } from 'typebox';
import {
  Dictionary,
  Nullable,
  Optional,
  PageQuery,
  Reference,
  References,
  Resource,
  Text,
  Timestamp,
} from './basics.ts';

export const InterruptionResource = Resource(
  'Interruption',
  {
    Title: Text,
    Type: Type.Enum(['ManualIntervention', 'GuidedFailure']),
    Created: Timestamp,
    IsPending: Type.Boolean(),
    Form: Type.Object({
      Values: Dictionary(Nullable(Type.String())),
      Elements: Type.Array(
        Type.Object({ Name: Type.String(), Control: Type.Unknown(), IsValueRequired: Type.Boolean() }),
      ),
    }),
    RelatedDocumentIds: References,
    ResponsibleTeamIds: References,
    ResponsibleUserId: Optional(Nullable(Reference)),
    TaskId: Type.String(),
    CorrelationId: Text,
    HeldAttemptId: Optional(Type.String({ description: 'The failed attempt whose container is kept.' })),
    HeldUntil: Optional(Timestamp),
  },
  {
    SpaceId: Type.String(),
    CanTakeResponsibility: Type.Boolean(),
    HasResponsibility: Type.Boolean(),
    IsLinkedToOtherInterruption: Type.Boolean(),
  },
);

export const InterruptionQuery = Type.Object({
  ...PageQuery.properties,
  regarding: Optional(Reference),
  pendingOnly: Optional(Type.Boolean()),
});

/** The form's values: `Result` (`Proceed`, `Abort`) or `Guidance` (`Fail`, `Retry`, `Ignore`), and `Notes`. */
export const InterruptionSubmission = Dictionary(Nullable(Type.String()));
