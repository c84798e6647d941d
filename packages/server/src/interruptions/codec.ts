/** Interruptions on the wire: a form with a text, notes, and a group of buttons. */
import { Invalid } from '@argonaut/contracts';
import type { Answer } from '@argonaut/orchestrator';
import type { Stored } from '../database/index.ts';
import type { Principal } from '../http/index.ts';
import type { Interruption } from './queries.ts';

/** The form's field that holds the answer. Names: Octopus's. */
function answerField({ Type }: Interruption): 'Result' | 'Guidance' {
  return Type === 'ManualIntervention' ? 'Result' : 'Guidance';
}

export function present({ id, spaceId, document }: Stored<Interruption>, user: Principal) {
  const { Text, Choices, Values, Question: _, ...rest } = document;
  const self = `/api/${spaceId}/interruptions/${id}`;
  const field = answerField(document);
  return {
    Id: id,
    SpaceId: spaceId,
    ...rest,
    Form: {
      Values: { Instructions: null, Notes: null, [field]: null, ...Values },
      Elements: [
        element('Instructions', { Type: 'Paragraph', Text, ResolveLinks: false }),
        element('Notes', { Type: 'TextArea', Label: 'Notes' }),
        element(field, {
          Type: 'SubmitButtonGroup',
          Buttons: Choices.map((choice) => ({
            Text: choice,
            Value: choice,
            RequiresConfirmation: false,
          })),
        }),
      ],
    },
    CanTakeResponsibility: document.IsPending && document.ResponsibleUserId === null,
    HasResponsibility: document.ResponsibleUserId === user.id,
    IsLinkedToOtherInterruption: false,
    PullRequests: [],
    Links: {
      Self: self,
      Task: `/api/tasks/${document.TaskId}`,
      Submit: `${self}/submit`,
      Responsible: `${self}/responsible`,
    },
  };
}

function element(name: string, control: object) {
  return { Name: name, Control: control, IsValueRequired: false };
}

/**
 * The answer in what a client submitted, whatever the case of its keys.
 * @throws Invalid with the choices when there is none, or one that was not offered.
 */
export function readSubmission(
  interruption: Interruption,
  values: Readonly<Record<string, string | null>>,
): { readonly answer: Answer; readonly notes: string | undefined } {
  const value = (name: string) =>
    Object.entries(values).find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1];
  const field = answerField(interruption);
  const given = value(field) ?? value('Result') ?? value('Guidance');
  const answer = interruption.Choices.find((choice) => choice.toLowerCase() === given?.toLowerCase());
  if (answer === undefined) {
    const what = given ? `"${given}" is not an answer to it` : `${field} is missing`;
    throw new Invalid(
      `"${interruption.Title}" cannot be answered: ${what}. Send ${field} as one of ${interruption.Choices.join(', ')}.`,
    );
  }
  return { answer, notes: value('Notes') ?? undefined };
}
