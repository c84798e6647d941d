/** `/api/users/login` and `/logout`: for people with a browser. Programs use API keys. */
import { ArgonautError, Secret } from '@argonaut/contracts';
import { LoginRequest, UserResource } from '@argonaut/contracts/rest';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { recordEvent } from '../events/index.ts';
import { Answer } from '../http/answers.ts';
import { cookieNames, credentialIn } from '../http/authentication.ts';
import { answerFor } from '../http/errors.ts';
import { empty, type RouteTable } from '../http/index.ts';
import type { Services } from '../services.ts';
import { presentUser } from './codec.ts';
import { FailedLogins } from './failed-logins.ts';
import { hashPassword, isPassword } from './passwords.ts';
import { usersIn } from './queries.ts';
import { beginSession, csrfTokenOf, sessionsIn } from './sessions.ts';

export function loginRoutes(routes: RouteTable, services: Services): void {
  const { database, keys, now, installationId } = services;
  const users = usersIn(database);
  const names = cookieNames(installationId);
  const failures = new FailedLogins();
  /** Checked where there is no password to check, so that the time it takes tells nothing. */
  let decoy: Promise<string> | undefined;

  routes.add({
    method: 'POST',
    path: '/users/login',
    scope: 'server',
    permission: 'Anonymous',
    summary: 'Signs in with a password; the session is in cookies',
    body: LoginRequest,
    response: UserResource,
    // A login that fails is an event, too.
    transaction: false,
    audited: false,
    handle: async ({ body, user: caller, request, reply }) => {
      const refusal = failures.begin(request.ip, body.Username, now());
      if (refusal !== undefined) {
        const { isFirst, message, seconds } = refusal;
        if (isFirst)
          await recordEvent(services, { category: 'LoginFailed', related: [], message, by: caller });
        return new Answer(429, answerFor(429, message).body, { 'retry-after': String(seconds) });
      }
      const [found] = await users.all({ name: body.Username, take: 1 });
      const { PasswordHash, IsActive, IsService } = found?.document ?? {};
      decoy ??= hashPassword(new Secret('no such user'));
      const isRight = await isPassword(new Secret(body.Password), PasswordHash ?? (await decoy));
      if (!found || PasswordHash === undefined || !isRight || IsActive === false || IsService === true) {
        await recordEvent(services, {
          category: 'LoginFailed',
          // A name that does not exist may be a password in the wrong field.
          message: found
            ? `A login of ${found.document.Username} failed`
            : 'A login failed: there is no such user',
          related: found ? [found.id] : [],
          by: caller,
        });
        throw new ArgonautError(
          'Unauthorised',
          'The user name or the password is wrong, or the user is disabled.',
        );
      }
      failures.succeeded(request.ip, body.Username);
      const { token, lifetimeMs } = await database.transaction(async () => {
        await recordEvent(services, {
          category: 'LoginSucceeded',
          message: `${found.document.Username} signed in`,
          related: [found.id],
          by: { ...caller, id: found.id, username: found.document.Username, credential: 'Password' },
        });
        return beginSession(database, keys, found.id, body.RememberMe ?? false, now());
      });
      const age = body.RememberMe ? `; Max-Age=${Math.floor(lifetimeMs / 1000)}` : '';
      setCookies(request, reply, services, [
        `${names.session}=${token.reveal()}; HttpOnly${age}`,
        `${names.csrf}=${csrfTokenOf(keys, token)}${age}`,
      ]);
      return presentUser(found, found.id);
    },
  });

  routes.add({
    method: 'POST',
    path: '/users/logout',
    scope: 'server',
    permission: 'SignedIn',
    summary: 'Ends the session',
    audited: false,
    handle: async ({ request, reply, user, record }) => {
      const credential = credentialIn(request.headers, installationId);
      if (credential?.kind === 'session') {
        const sessions = sessionsIn(database);
        const where = { Fingerprint: keys.fingerprint(credential.secret) };
        for (const { id } of await sessions.all({ where })) await sessions.remove(id);
        await record({ category: 'LoggedOut', message: `${user.username} signed out`, related: [user.id] });
      }
      setCookies(request, reply, services, [
        `${names.session}=; HttpOnly; Max-Age=0`,
        `${names.csrf}=; Max-Age=0`,
      ]);
      return empty();
    },
  });
}

function setCookies(
  request: FastifyRequest,
  reply: FastifyReply,
  { config }: Services,
  cookies: readonly string[],
): void {
  const isSecure = config.tls !== undefined || request.protocol === 'https';
  const rules = `; Path=/; SameSite=Strict${isSecure ? '; Secure' : ''}`;
  reply.header(
    'set-cookie',
    cookies.map((cookie) => cookie + rules),
  );
}
