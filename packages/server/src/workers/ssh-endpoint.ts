/** The endpoint of a worker behind SSH, typed. */
import { Invalid, NotFound } from '@argonaut/contracts';
import type { WritableWorker } from '@argonaut/contracts/rest';
import { accountsIn } from '../accounts/queries.ts';
import type { Foundation } from '../foundation.ts';

export interface SshEndpoint {
  readonly AccountId: string;
  readonly Host: string;
  readonly Port: number;
  /** Of the host key; without one nobody would know who answers. */
  readonly Fingerprint: string;
  readonly ProxyId?: string;
}

const USUAL_PORT = 22;

/** @throws Invalid with every complaint at once. */
export function sshEndpointOf(worker: Pick<WritableWorker, 'Name' | 'Endpoint'>): SshEndpoint {
  const given = worker.Endpoint as Readonly<Record<string, unknown>>;
  // Older clients send `ssh://host:port/` alone.
  const address = URL.parse(textOf(given.Uri));
  const endpoint = {
    AccountId: textOf(given.AccountId),
    Host: textOf(given.Host) || (address?.protocol === 'ssh:' ? address.hostname : ''),
    Port: Number(given.Port ?? (address?.port || USUAL_PORT)),
    Fingerprint: textOf(given.Fingerprint),
    ...(textOf(given.ProxyId) === '' ? {} : { ProxyId: textOf(given.ProxyId) }),
  };
  const complaints: string[] = [];
  if (endpoint.AccountId === '') complaints.push('Endpoint.AccountId is missing: with which account?');
  if (endpoint.Host === '') complaints.push('Endpoint.Host is missing: which machine?');
  if (!Number.isInteger(endpoint.Port) || endpoint.Port < 1 || endpoint.Port > 65_535) {
    complaints.push('Endpoint.Port must be a number from 1 to 65535.');
  }
  if (endpoint.Fingerprint === '') {
    complaints.push(
      'Endpoint.Fingerprint is missing: the fingerprint of the host key (SHA256:…), which /workers/discover shows.',
    );
  }
  if (complaints.length === 0) return endpoint;
  throw new Invalid(`The worker "${worker.Name}" cannot be reached by SSH. ${complaints.join(' ')}`, {
    errors: complaints,
  });
}

/** Before it is stored: the endpoint is whole, its fingerprint is one, and its account exists and can log in. */
export async function checkSshEndpoint(
  { database }: Foundation,
  space: string,
  worker: Pick<WritableWorker, 'Name' | 'Endpoint'>,
): Promise<void> {
  if (worker.Endpoint.CommunicationStyle !== 'Ssh') return;
  const { AccountId, Fingerprint } = sshEndpointOf(worker);
  const { checkFingerprint } = await import('@argonaut/ssh');
  checkFingerprint(Fingerprint);
  const account = await accountsIn(database).find(AccountId, space);
  if (account === undefined) {
    throw new NotFound(
      `The account ${AccountId} of the worker "${worker.Name}" does not exist in this space. Create it under Accounts first.`,
    );
  }
  const type = account.document.AccountType;
  if (type !== 'SshKeyPair' && type !== 'UsernamePassword') {
    throw new Invalid(
      `The account "${account.document.Name}" is of type ${type}. The worker "${worker.Name}" needs an SSH key pair or a user name and password.`,
    );
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value.trim() : '';
}
