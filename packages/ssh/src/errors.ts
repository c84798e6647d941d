/**
 * What goes wrong between us and a worker, by name: `details.ssh` tells programs which of these it is. A message says
 * what to do about it.
 */
import { ArgonautError, InfrastructureFailure, messageOf } from '@argonaut/contracts';

export type SshFault =
  /** Nobody answers there, or the network does not lead there. */
  | 'unreachable'
  /** The server shows another host key than the one that is known. Nothing is tried again. */
  | 'host-key-changed'
  /** The server refuses the account. */
  | 'authentication'
  /** It answers, but not as an SSH server that we can speak with. */
  | 'handshake'
  /** The connection was there and is gone. */
  | 'lost'
  /** No shell that runs `/bin/sh`: nologin, a forced command. */
  | 'shell'
  /** The SFTP subsystem is missing, or something prints into it. */
  | 'sftp'
  /** The server allows too few channels. */
  | 'sessions'
  /** The worker lacks a program that we need there. */
  | 'tools';

export function sshFailure(fault: SshFault, message: string, cause?: unknown): InfrastructureFailure {
  return new InfrastructureFailure(message, {
    details: { ssh: fault },
    ...(cause === undefined ? {} : { cause }),
  });
}

export function faultOf(error: unknown): SshFault | undefined {
  if (!(error instanceof ArgonautError)) return undefined;
  const fault = error.details.ssh;
  return typeof fault === 'string' ? (fault as SshFault) : undefined;
}

/** Trying again can help: the machine restarts, the network is down, too many log in at once. */
export function isPassing(error: unknown): boolean {
  const fault = faultOf(error);
  return fault === 'unreachable' || fault === 'lost' || fault === 'handshake';
}

/** What ssh2 says when a connection cannot be made. `level` and `code` are its own words. */
export function connectFailure(name: string, cause: Error): InfrastructureFailure {
  const { level, code } = cause as Error & { readonly level?: string; readonly code?: string };
  if (level === 'client-authentication') {
    return sshFailure(
      'authentication',
      `${name} refuses the login. Check the account's user name and key or password, and that the public key is in ~/.ssh/authorized_keys there.`,
      cause,
    );
  }
  if (level === 'client-socket' || code !== undefined) {
    return sshFailure(
      'unreachable',
      `${name} cannot be reached: ${reasons[code ?? ''] ?? messageOf(cause)}. Check host, port and firewall, and that sshd runs there.`,
      cause,
    );
  }
  if (level === 'client-timeout') {
    return sshFailure(
      'unreachable',
      `${name} did not let us in in time. It may be overloaded, or a firewall drops what we send.`,
      cause,
    );
  }
  return sshFailure(
    'handshake',
    `${name} does not speak SSH with us: ${messageOf(cause)}. When many log in at once, sshd drops some (MaxStartups).`,
    cause,
  );
}

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nobody listens there',
  ENOTFOUND: 'no address is known for this host',
  EAI_AGAIN: 'the name of this host cannot be looked up now',
  EHOSTUNREACH: 'no route leads there',
  ENETUNREACH: 'no route leads there',
  ETIMEDOUT: 'nothing answers',
  ECONNRESET: 'the connection was reset',
};
