/** Accounts: who we are on other machines. Fields of the kinds that are not named here are kept as they came. */
import { type Static, Type } from 'typebox';
import {
  Name,
  Nullable,
  NullableText,
  OneOf,
  Optional,
  QueryList,
  References,
  Resource,
  SensitiveValue,
  Text,
  Writable,
} from './basics.ts';

/** The Go client decodes an account by this word and refuses a whole list for one it does not know. */
export const AccountType = OneOf([
  'None',
  'UsernamePassword',
  'SshKeyPair',
  'Token',
  'AzureSubscription',
  'AzureServicePrincipal',
  'AzureOidc',
  'AmazonWebServicesAccount',
  'AmazonWebServicesRoleAccount',
  'AmazonWebServicesOidcAccount',
  'GoogleCloudAccount',
  'GoogleCloudOidcAccount',
  'GenericOidcAccount',
]);
export type AccountType = Static<typeof AccountType>;

const written = {
  Name,
  Slug: Optional(Type.String({ default: '' })),
  Description: Optional(Text),
  AccountType,
  EnvironmentIds: Optional(References),
  TenantedDeploymentParticipation: Optional(
    OneOf(['Untenanted', 'TenantedOrUntenanted', 'Tenanted'], { default: 'Untenanted' }),
  ),
  TenantIds: Optional(References),
  TenantTags: Optional(References),
  Username: Optional(NullableText),
  Password: Optional(Nullable(SensitiveValue)),
  /** The key file, as base64. */
  PrivateKeyFile: Optional(Nullable(SensitiveValue)),
  PrivateKeyPassphrase: Optional(Nullable(SensitiveValue)),
  Token: Optional(Nullable(SensitiveValue)),
};

export const WritableAccount = Writable('WritableAccount', written);
export type WritableAccount = Static<typeof WritableAccount>;

export const AccountResource = Resource('Account', written, { SpaceId: Type.String() });
export type AccountResource = Static<typeof AccountResource>;

export const AccountQuery = Type.Object({ accountType: QueryList });

/** Who uses an account. */
export const AccountUsages = Resource('AccountUsages', {}, { Workers: Type.Array(Type.Unknown()) });
