/** Accounts on the wire: sensitive fields are sealed on the way in and shown as `HasValue` on the way out. */
import type { WritableAccount } from '@argonaut/contracts/rest';
import { type KeyRing, partFields, type Stored, showFields } from '../database/index.ts';
import { fieldsOf, resourceOf } from '../http/index.ts';
import { type Account, secretPlace } from './queries.ts';

/** The sensitive fields that a kind of account always shows. Others are shown once a client has sent them. */
const SECRET_FIELDS: Readonly<Record<string, readonly string[]>> = {
  UsernamePassword: ['Password'],
  SshKeyPair: ['PrivateKeyFile', 'PrivateKeyPassphrase'],
  Token: ['Token'],
  AmazonWebServicesAccount: ['SecretKey'],
  AzureServicePrincipal: ['Password'],
  AzureSubscription: ['CertificateBytes'],
  GoogleCloudAccount: ['JsonKey'],
};

export function documentOf(keys: KeyRing, id: string, body: WritableAccount, stored?: Account): Account {
  const { plain, secrets } = partFields(
    keys,
    fieldsOf(body),
    (field) => secretPlace(id, field),
    (field) => secretFieldsOf(body.AccountType).includes(field),
    stored?.Secrets,
  );
  return { ...(plain as unknown as WritableAccount), Secrets: secrets };
}

export function present(stored: Stored<Account>) {
  const { Secrets, ...fields } = stored.document;
  const self = `/api/${stored.spaceId}/accounts/${stored.id}`;
  const shown = showFields(secretFieldsOf(fields.AccountType), Secrets);
  return resourceOf({ ...stored, document: { ...fields, ...shown } }, self, { Usages: `${self}/usages` });
}

function secretFieldsOf(type: string): readonly string[] {
  return SECRET_FIELDS[type] ?? [];
}
