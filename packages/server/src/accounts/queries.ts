/** How accounts are stored and found, and what logs in with them. */
import { Invalid, NotFound, type Secret } from '@argonaut/contracts';
import type { WritableAccount } from '@argonaut/contracts/rest';
import {
  Collection,
  type Database,
  type KeyRing,
  type Kind,
  openSensitive,
  type Place,
  type SealedFields,
  type Stored,
} from '../database/index.ts';
import { privateKeyIn } from './private-key.ts';

type SecretField = 'Password' | 'PrivateKeyFile' | 'PrivateKeyPassphrase' | 'Token';

/** The wire's fields as they came, but for secrets, which lie sealed under the names of their fields. */
export interface Account extends Omit<WritableAccount, SecretField> {
  readonly Secrets: SealedFields;
}

const ACCOUNT_KIND: Kind<Account> = {
  name: 'Accounts',
  title: 'account',
  nameOf: (document) => document.Name,
  slugs: true,
  index: (document) => ({ AccountType: document.AccountType }),
};

export function accountsIn(database: Database): Collection<Account> {
  return new Collection(database, ACCOUNT_KIND);
}

export function secretPlace(id: string, field: string): Place {
  return { kind: ACCOUNT_KIND.name, id, field };
}

/** A login over SSH. */
export type SshLogin = { readonly username: string; readonly version: number } & (
  | { readonly kind: 'key'; readonly privateKey: Secret; readonly passphrase?: Secret }
  | { readonly kind: 'password'; readonly password: Secret }
);

/** @throws NotFound, or Invalid for an account that cannot log in over SSH. */
export async function sshLogin(
  database: Database,
  keys: KeyRing,
  space: string,
  id: string,
): Promise<SshLogin> {
  const stored = await accountsIn(database).find(id, space);
  if (stored === undefined) {
    throw new NotFound(`The account ${id} does not exist. Choose another one in the worker's endpoint.`);
  }
  const { AccountType, Name, Username } = stored.document;
  const secret = (field: SecretField): Secret | undefined => secretOf(keys, stored, field);
  if (AccountType !== 'SshKeyPair' && AccountType !== 'UsernamePassword') {
    throw new Invalid(
      `The account "${Name}" is of type ${AccountType}. Workers behind SSH need an SSH key pair or a user name and password.`,
    );
  }
  const login = { username: Username ?? '', version: stored.version };
  if (login.username === '') throw lacking(Name, 'user name');
  if (AccountType === 'UsernamePassword') {
    const password = secret('Password');
    if (password === undefined) throw lacking(Name, 'password');
    return { ...login, kind: 'password', password };
  }
  const file = secret('PrivateKeyFile');
  if (file === undefined) throw lacking(Name, 'private key');
  const passphrase = secret('PrivateKeyPassphrase');
  return {
    ...login,
    kind: 'key',
    privateKey: privateKeyIn(file),
    ...(passphrase === undefined ? {} : { passphrase }),
  };
}

export function secretOf(keys: KeyRing, stored: Stored<Account>, field: string): Secret | undefined {
  return openSensitive(keys, secretPlace(stored.id, field), stored.document.Secrets[field]);
}

function lacking(name: string, what: string): Invalid {
  return new Invalid(`The account "${name}" has no ${what}, so nobody can log in with it over SSH. Add it.`);
}
