/** What to tell people about sensitive values that cannot be hidden well. Says why, never what. */
import { isGuessable, maskability } from '@argonaut/runner/masking';

/** A sentence, or undefined when the value can be masked everywhere. Empty values have nothing to hide. */
export function maskingWarning(name: string, value: string): string | undefined {
  switch (maskability(value)) {
    case 'too short':
      return `The value of the sensitive variable "${name}" has less than four characters. It is not masked in logs; use a longer one.`;
    case 'ordinary word':
      return `The value of the sensitive variable "${name}" is an ordinary word. It is not masked in logs, because it would hide ordinary text everywhere; use another one.`;
    case 'maskable':
      return isGuessable(value)
        ? `The value of the sensitive variable "${name}" is a common word, a short number or one character again and again. It is masked, but easily guessed, and hides ordinary text of the same spelling; use another one.`
        : undefined;
    default:
      return undefined;
  }
}
