/** Errors on the wire: one table from kinds to statuses, and one shape for every status. */
import { ArgonautError, type ErrorKind, messageOf } from '@argonaut/contracts';

export interface ErrorBody {
  readonly ErrorMessage: string;
  readonly Errors?: readonly string[];
  readonly Details?: Readonly<Record<string, unknown>>;
}

const STATUS: Readonly<Record<ErrorKind, number>> = {
  Invalid: 400,
  Unauthorised: 401,
  Forbidden: 403,
  NotFound: 404,
  Conflict: 409,
  TooLarge: 413,
  ScriptFailure: 500,
  InfrastructureFailure: 502,
  Cancelled: 503,
  Unavailable: 503,
  TimedOut: 504,
};

/**
 * Status and body of anything that was thrown. What is not ours becomes 500 without its text, which may hold paths or
 * values; the log has it. `bodyLimit` in bytes is what a body that is too large is told.
 */
export function errorAnswer(
  error: unknown,
  bodyLimit?: number,
): { readonly status: number; readonly body: ErrorBody } {
  if (error instanceof ArgonautError)
    return answerFor(STATUS[error.kind], error.message, error.errors, error.details);
  if (isDiskFull(error)) {
    return answerFor(
      507,
      'The disk of this server, or of its database, is full: nothing was stored. Free some space, then send the request again.',
    );
  }
  const status = statusOf(error);
  if (status === 413) {
    const limit = bodyLimit === undefined ? '' : ` of ${bodyLimit} bytes`;
    return answerFor(
      413,
      `The body is larger than the limit${limit} that this server has for it, and was not read. Send less, or let whoever runs the server raise ARGONAUT_BODY_LIMIT.`,
    );
  }
  if (status !== undefined && status < 500) return answerFor(status, messageOf(error));
  return answerFor(
    500,
    'The server met an unexpected error. Its log has the details; the request can be tried again.',
  );
}

/** 404 carries no `Errors`: the Go client looks for that key before it looks at the status. */
export function answerFor(
  status: number,
  message: string,
  errors: readonly string[] = [],
  details: Readonly<Record<string, unknown>> = {},
): { readonly status: number; readonly body: ErrorBody } {
  return {
    status,
    body: {
      ErrorMessage: message,
      ...(status === 404 ? {} : { Errors: errors }),
      ...(Object.keys(details).length > 0 ? { Details: details } : {}),
    },
  };
}

/** Of a file system (ENOSPC, EDQUOT), SQLite (SQLITE_FULL) or PostgreSQL (disk_full). */
function isDiskFull(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, errcode } = error as { readonly code?: unknown; readonly errcode?: unknown };
  return (
    ['ENOSPC', 'EDQUOT', '53100'].includes(String(code)) || (code === 'ERR_SQLITE_ERROR' && errcode === 13)
  );
}

/** The status that Fastify gives its own errors (malformed JSON, too large). */
function statusOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('statusCode' in error)) return undefined;
  return typeof error.statusCode === 'number' && error.statusCode >= 400 ? error.statusCode : undefined;
}
