/**
 * Errors with a kind. They are thrown where the cause is known and translated once, at the edge (HTTP status,
 * exit code, task log). A message says what happened, why, and what to do next, and names the thing it is about.
 */

/** What sort of trouble it is; the edge chooses the HTTP status or the exit code from it. */
export type ErrorKind =
  | 'NotFound'
  | 'Invalid'
  | 'Conflict'
  | 'Unauthorised'
  | 'Forbidden'
  | 'TooLarge'
  | 'Unavailable'
  | 'InfrastructureFailure'
  | 'ScriptFailure'
  | 'Cancelled'
  | 'TimedOut';

export interface ErrorDetails extends ErrorOptions {
  /** Every single complaint, when there are several: all of them are listed at once. */
  readonly errors?: readonly string[];
  /** Facts for a program that reads the error; never a secret. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** The one base class: `kind` decides how an edge shows it. */
export class ArgonautError extends Error {
  readonly kind: ErrorKind;
  readonly errors: readonly string[];
  readonly details: Readonly<Record<string, unknown>>;

  constructor(kind: ErrorKind, message: string, options: ErrorDetails = {}) {
    super(message, options);
    this.name = kind;
    this.kind = kind;
    this.errors = options.errors ?? [];
    this.details = options.details ?? {};
  }
}

/** The thing that was asked for does not exist, or the caller may not know that it does. */
export class NotFound extends ArgonautError {
  constructor(message: string, options?: ErrorDetails) {
    super('NotFound', message, options);
  }
}

/** The request or the document is wrong; the same request will fail again. */
export class Invalid extends ArgonautError {
  constructor(message: string, options?: ErrorDetails) {
    super('Invalid', message, options);
  }
}

/** The request is right in itself but does not fit the present state. */
export class Conflict extends ArgonautError {
  constructor(message: string, options?: ErrorDetails) {
    super('Conflict', message, options);
  }
}

/** A machine, an engine, a registry or a disk failed; not the script. */
export class InfrastructureFailure extends ArgonautError {
  constructor(message: string, options?: ErrorDetails) {
    super('InfrastructureFailure', message, options);
  }
}

/** The step's own program failed. */
export class ScriptFailure extends ArgonautError {
  constructor(message: string, options?: ErrorDetails) {
    super('ScriptFailure', message, options);
  }
}

/** A deadline passed. The message names the wait and how long it was. */
export class TimedOut extends ArgonautError {
  constructor(message: string, options?: ErrorDetails) {
    super('TimedOut', message, options);
  }
}

/** The kind of any error, `undefined` for one that is not ours. */
export function kindOf(error: unknown): ErrorKind | undefined {
  return error instanceof ArgonautError ? error.kind : undefined;
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
