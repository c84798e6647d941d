/** What goes wrong with the files of a step. */
import { ArgonautError, type ErrorDetails } from '@argonaut/contracts';

/** A file cannot be read as what it is, or a value does not fit. The step fails; the message never holds a value. */
export class ConfigurationFault extends ArgonautError {
  constructor(message: string, options?: ErrorDetails) {
    super('Invalid', message, options);
  }
}
