/**
 * Variables whose value is an account: beside the id, each field of the account is a variable of its own, such as
 * `Cloud.AccessKey` of the variable `Cloud`. Names: Octopus's; secrets of the account are secrets of the variable.
 */
import { type Account, accountsIn, secretOf } from '../accounts/queries.ts';
import type { Database, KeyRing, Stored } from '../database/index.ts';

export type Accounts = ReadonlyMap<string, Stored<Account>>;

/** Which kinds of account a type of variable may name. */
const KINDS: Readonly<Record<string, readonly string[]>> = {
  AmazonWebServicesAccount: [
    'AmazonWebServicesAccount',
    'AmazonWebServicesRoleAccount',
    'AmazonWebServicesOidcAccount',
  ],
  AzureAccount: ['AzureServicePrincipal', 'AzureSubscription', 'AzureOidc'],
  GoogleCloudAccount: ['GoogleCloudAccount', 'GoogleCloudOidcAccount'],
  UsernamePasswordAccount: ['UsernamePassword'],
  TokenAccount: ['Token'],
  SshKeyPairAccount: ['SshKeyPair'],
  GenericOidcAccount: ['GenericOidcAccount'],
};

/** What follows the variable's name, and the account's field that it shows. */
const FIELDS: readonly (readonly [suffix: string, field: string])[] = [
  ['Username', 'Username'],
  ['Password', 'Password'],
  ['Token', 'Token'],
  ['PrivateKeyFile', 'PrivateKeyFile'],
  ['PrivateKeyPassphrase', 'PrivateKeyPassphrase'],
  ['AccessKey', 'AccessKey'],
  ['SecretKey', 'SecretKey'],
  ['SubscriptionNumber', 'SubscriptionNumber'],
  ['Client', 'ClientId'],
  ['TenantId', 'TenantId'],
  ['JsonKey', 'JsonKey'],
];

/** A type that names accounts. */
export function isAccountType(type: string): boolean {
  return Object.hasOwn(KINDS, type);
}

/** The accounts of a space by id, when one of the variables needs them. */
export async function accountsFor(
  database: Database,
  space: string,
  variables: readonly { readonly Type: string }[],
): Promise<Accounts> {
  if (!variables.some(({ Type }) => isAccountType(Type))) return new Map();
  const all = await accountsIn(database).all({ space });
  return new Map(all.map((account) => [account.id, account]));
}

export interface AccountField {
  /** The whole name of the variable. */
  readonly name: string;
  /** Undefined for a secret that was not opened. */
  readonly value: string | undefined;
  readonly sensitive: boolean;
}

/** The variables that come with a variable whose value is this account; without `keys` its secrets stay closed. */
export function accountFields(
  variable: string,
  account: Stored<Account>,
  keys?: KeyRing,
): readonly AccountField[] {
  const { Secrets, ...plain } = account.document;
  const field = (suffix: string, value: string | undefined, sensitive = false): AccountField => ({
    name: `${variable}.${suffix}`,
    value,
    sensitive,
  });
  const fields = [field('Name', plain.Name), field('AccountType', plain.AccountType)];
  for (const [suffix, key] of FIELDS) {
    const value = (plain as Readonly<Record<string, unknown>>)[key];
    if (Secrets[key] !== undefined) {
      fields.push(field(suffix, keys && secretOf(keys, account, key)?.reveal(), true));
    } else if (typeof value === 'string' && value !== '') fields.push(field(suffix, value));
  }
  return fields;
}

/** Why this variable cannot have this account here; undefined when it can. `environment` where something runs. */
export function accountComplaint(
  { Name, Type }: { readonly Name: string; readonly Type: string },
  id: string,
  accounts: Accounts,
  environment?: string,
): string | undefined {
  const account = accounts.get(id);
  if (account === undefined) {
    return `The variable "${Name}" names the account ${id}, which does not exist in this space.`;
  }
  const { Name: name, AccountType, EnvironmentIds = [] } = account.document;
  if (!KINDS[Type]?.includes(AccountType)) {
    return `The variable "${Name}" of type ${Type} names the account "${name}", which is of type ${AccountType}.`;
  }
  if (environment !== undefined && EnvironmentIds.length > 0 && !EnvironmentIds.includes(environment)) {
    return `The account "${name}" of the variable "${Name}" is not meant for this environment, so its fields are not given to steps.`;
  }
  return undefined;
}
