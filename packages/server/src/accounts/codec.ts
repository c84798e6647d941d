/** Accounts on the wire: sensitive fields are sealed on the way in and shown as `HasValue` on the way out. */
import type { WritableAccount } from '@argonaut/contracts/rest';
import { type KeyRing, type Sealed, type Stored, sealSensitive, showSensitive } from '../database/index.ts';
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

/** What is stored for a body; every field that has the form of a sensitive value is one, also in unknown fields. */
export function documentOf(keys: KeyRing, id: string, body: WritableAccount, stored?: Account): Account {
  const plain: Record<string, unknown> = {};
  const secrets: Record<string, Sealed> = { ...stored?.Secrets };
  for (const [field, value] of Object.entries(fieldsOf(body))) {
    if (!isSensitive(value) && !secretFieldsOf(body.AccountType).includes(field) && !(field in secrets)) {
      plain[field] = value;
      continue;
    }
    const incoming = isSensitive(value) || typeof value === 'string' ? value : undefined;
    const sealed = sealSensitive(keys, secretPlace(id, field), incoming, stored?.Secrets[field]);
    if (sealed === undefined) delete secrets[field];
    else secrets[field] = sealed;
  }
  return { ...(plain as unknown as WritableAccount), Secrets: secrets };
}

export function present(stored: Stored<Account>) {
  const { Secrets, ...fields } = stored.document;
  const self = `/api/${stored.spaceId}/accounts/${stored.id}`;
  const names = [...new Set([...secretFieldsOf(fields.AccountType), ...Object.keys(Secrets)])];
  const shown = Object.fromEntries(names.map((name) => [name, showSensitive(Secrets[name])]));
  return resourceOf({ ...stored, document: { ...fields, ...shown } }, self, { Usages: `${self}/usages` });
}

function secretFieldsOf(type: string): readonly string[] {
  return SECRET_FIELDS[type] ?? [];
}

function isSensitive(value: unknown): value is { HasValue?: boolean; NewValue?: string | null } {
  return typeof value === 'object' && value !== null && ('NewValue' in value || 'HasValue' in value);
}
