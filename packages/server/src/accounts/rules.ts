/** What must hold for accounts. */
import { Conflict, Invalid } from '@argonaut/contracts';
import type { WritableAccount } from '@argonaut/contracts/rest';
import type { Database, KeyRing, Stored } from '../database/index.ts';
import { type Worker, workersIn } from '../workers/queries.ts';
import { privateKeyIn } from './private-key.ts';
import { type Account, secretOf } from './queries.ts';

/**
 * What an account of its kind cannot do without; a private key is read once, so that a wrong file or passphrase is told to
 * the one who sends it and not to the first deployment.
 * @throws Invalid with every complaint at once
 */
export async function checkAccount(
  keys: KeyRing,
  body: WritableAccount,
  wanted: Stored<Account>,
  before: Stored<Account> | undefined,
): Promise<void> {
  const complaints: string[] = [];
  const { Name, AccountType, Username, Secrets } = wanted.document;
  if (before && before.document.AccountType !== AccountType) {
    complaints.push(
      `The type of an account stays what it was (${before.document.AccountType}). Make another account.`,
    );
  }
  if ((AccountType === 'UsernamePassword' || AccountType === 'SshKeyPair') && !Username) {
    complaints.push('Username is missing: who logs in?');
  }
  if (AccountType === 'Token' && !Secrets.Token) complaints.push('Token is missing.');
  if (AccountType === 'SshKeyPair') {
    if (!Secrets.PrivateKeyFile) complaints.push('PrivateKeyFile is missing: a private key, as base64.');
    else if (body.PrivateKeyFile?.NewValue || body.PrivateKeyPassphrase?.NewValue) {
      complaints.push(...(await complaintsAboutKey(keys, wanted)));
    }
  }
  if (complaints.length === 0) return;
  throw new Invalid(`The account "${Name}" cannot be used. ${complaints.join(' ')}`, { errors: complaints });
}

async function complaintsAboutKey(keys: KeyRing, account: Stored<Account>): Promise<readonly string[]> {
  const file = secretOf(keys, account, 'PrivateKeyFile');
  if (!file) return [];
  // Loaded when it is needed: most servers start without a worker behind SSH.
  const { checkPrivateKey } = await import('@argonaut/ssh');
  const complaint = checkPrivateKey(privateKeyIn(file), secretOf(keys, account, 'PrivateKeyPassphrase'));
  return complaint === undefined ? [] : [complaint];
}

export async function workersUsing(
  database: Database,
  account: Stored<Account>,
): Promise<readonly Stored<Worker>[]> {
  const all = await workersIn(database).all({ space: account.spaceId, where: { Style: 'Ssh' } });
  return all.filter(
    ({ document }) => (document.Endpoint as { AccountId?: unknown }).AccountId === account.id,
  );
}

/** @throws Conflict while a worker logs in with it. */
export async function refuseRemovalInUse(database: Database, account: Stored<Account>): Promise<void> {
  const users = await workersUsing(database, account);
  if (users.length === 0) return;
  const names = users.map(({ document }) => `"${document.Name}"`).join(', ');
  throw new Conflict(
    `The account "${account.document.Name}" is used by the workers ${names}. Give them another account first.`,
  );
}
