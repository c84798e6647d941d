/**
 * What the engine's answers mean. The texts differ between versions, so the status decides; three texts are read,
 * because the status is wrong there: Podman's 500 for a name that exists, a 500 for a container that is gone, and
 * a refused API version.
 */
import {
  ArgonautError,
  Conflict,
  type ErrorDetails,
  InfrastructureFailure,
  Invalid,
  NotFound,
} from '@argonaut/contracts';

/** The engine answered, and said no. `details` carries `status`, `engineMessage`, and what else it told. */
export function answerError(
  subject: string,
  status: number,
  message: string,
  told: Readonly<Record<string, unknown>> = {},
): ArgonautError {
  const text = `${subject}: the engine answered ${status}: ${message}`;
  const options: ErrorDetails = { details: { ...told, status, engineMessage: message } };
  if (status === 409 || (status === 500 && /name .*is already in use/.test(message))) {
    return new Conflict(text, options);
  }
  if (status === 404) return new NotFound(text, options);
  if (status === 400) return new Invalid(text, options);
  if (status === 401) return new ArgonautError('Unauthorised', text, options);
  if (status === 403) return new ArgonautError('Forbidden', text, options);
  if (status === 429 || status === 503) return new ArgonautError('Unavailable', text, options);
  return new InfrastructureFailure(text, options);
}

/** The status of an engine's answer behind an error, `undefined` when there was no answer. */
export function statusOf(error: unknown): number | undefined {
  if (!(error instanceof ArgonautError)) return undefined;
  const status = error.details.status;
  return typeof status === 'number' ? status : undefined;
}

/** What the engine itself said, without our words around it. */
export function engineMessageOf(error: unknown): string {
  if (error instanceof ArgonautError && typeof error.details.engineMessage === 'string') {
    return error.details.engineMessage;
  }
  return error instanceof Error ? error.message : String(error);
}

const remedies: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such socket. Start Docker, or set DOCKER_HOST to where the engine listens.',
  ECONNREFUSED: 'nobody listens there. Start Docker, or set DOCKER_HOST to where the engine listens.',
  EACCES: 'this user may not open it. Add the user to the group `docker`, or run as root.',
};

/** The engine did not answer, or not to the end: whether the call had its effect is unknown. */
export function connectionError(subject: string, endpoint: string, cause: Error): InfrastructureFailure {
  const code = (cause as NodeJS.ErrnoException).code ?? '';
  const reason = remedies[code] ?? `${cause.message}.`;
  return new InfrastructureFailure(`${subject}: no answer from the engine at ${endpoint}: ${reason}`, {
    cause,
    details: { connection: code || 'broken' },
  });
}

/** True when the engine could not be reached or broke off; then only asking it again can tell what happened. */
export function isConnectionError(error: unknown): boolean {
  return error instanceof ArgonautError && error.details.connection !== undefined;
}
