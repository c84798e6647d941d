import { InfrastructureFailure } from '@argonaut/contracts';

/** What masking throws. Whoever catches it must drop the bytes that it was given: they are not masked. */
export class MaskingFailure extends InfrastructureFailure {
  /** The cause is left out on purpose: its message could quote the text that was to be masked. */
  constructor(what: string) {
    super(
      `The log of this step could not be masked (${what}), so the rest of it is withheld. ` +
        'Run the step again; if it happens again, report it with the kinds of secrets in use, never their values.',
    );
  }
}
