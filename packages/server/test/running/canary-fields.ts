/**
 * Every field of the API in which a secret can be entered, and the canaries that the sweep plants there. The list is held against
 * the server's own description of its requests and against what it hides in its answers (canary-fields.test.ts), so that a new
 * field cannot be forgotten; and the sweep plants all of it or fails.
 */

/** An account of each type, the type of the variable that brings it to a step, and its secrets. */
interface AccountPlants {
  readonly variable?: string;
  /** Fields that such an account has in the open. */
  readonly plain?: Readonly<Record<string, string>>;
  /** Fields that the server always hides. */
  readonly secrets: readonly string[];
  /** Secrets among them that no variable shows. */
  readonly unread?: readonly string[];
}

const PERSON = { Username: 'somebody' };

export const ACCOUNTS: Readonly<Record<string, AccountPlants>> = {
  UsernamePassword: { variable: 'UsernamePasswordAccount', plain: PERSON, secrets: ['Password'] },
  SshKeyPair: {
    variable: 'SshKeyPairAccount',
    plain: PERSON,
    secrets: ['PrivateKeyFile', 'PrivateKeyPassphrase'],
  },
  Token: { variable: 'TokenAccount', secrets: ['Token'] },
  AmazonWebServicesAccount: {
    variable: 'AmazonWebServicesAccount',
    plain: { AccessKey: 'AKIA' },
    secrets: ['SecretKey'],
  },
  AzureServicePrincipal: {
    variable: 'AzureAccount',
    plain: { ClientId: 'client', TenantId: 'tenant' },
    secrets: ['Password'],
  },
  AzureSubscription: {
    variable: 'AzureAccount',
    plain: { SubscriptionNumber: '1' },
    secrets: ['CertificateBytes'],
    unread: ['CertificateBytes'],
  },
  GoogleCloudAccount: { variable: 'GoogleCloudAccount', secrets: ['JsonKey'] },
  None: { secrets: [] },
  AzureOidc: { secrets: [] },
  AmazonWebServicesRoleAccount: { secrets: [] },
  AmazonWebServicesOidcAccount: { secrets: [] },
  GoogleCloudOidcAccount: { secrets: [] },
  GenericOidcAccount: { secrets: [] },
};

/** The secret of a feed of each type. The built-in one has none and cannot be made. */
export const FEEDS: Readonly<Record<string, readonly string[]>> = {
  Docker: ['Password'],
  AwsElasticContainerRegistry: ['SecretKey'],
  AzureContainerRegistry: ['Password'],
  GoogleContainerRegistry: ['Password'],
  OciRegistry: ['Password'],
  Helm: ['Password'],
  NuGet: ['Password'],
  Maven: ['Password'],
  GitHub: ['Password'],
  Npm: ['Password'],
  PyPi: ['Password'],
  S3: ['SecretKey'],
  GcsStorage: ['Password'],
  ArtifactoryGeneric: ['Password'],
  OctopusProject: [],
};

/** A field that nobody knows, in the form of a secret: sent with every account and feed, and hidden like the others. */
export const UNKNOWN_FIELD = 'Unheard';

const named = (types: Readonly<Record<string, readonly string[]>>, prefix = ''): string[] =>
  Object.entries(types).flatMap(([type, fields]) =>
    [...fields, UNKNOWN_FIELD].map((field) => `${prefix}${type}.${field}`),
  );

const ACCOUNT_SECRETS = Object.fromEntries(
  Object.entries(ACCOUNTS).map(([type, { secrets }]) => [type, secrets]),
);
const ofAccounts = named(ACCOUNT_SECRETS);
const ofFeeds = named(FEEDS, 'Feed.');

/** Canaries of accounts that a step reads. */
export const FROM_ACCOUNTS = Object.entries(ACCOUNTS).flatMap(([type, { secrets, unread = [] }]) =>
  secrets.filter((field) => !unread.includes(field)).map((field) => `${type}.${field}`),
);

const ending = (names: readonly string[], field: string) =>
  names.filter((name) => name.endsWith(`.${field}`));

/** Variables of the project and of its library set. The one for elsewhere no step of the sweep receives. */
const VARIABLES = [
  'Project.Secret',
  'Lines',
  'Library.Secret',
  'Library.Elsewhere',
  'Environment',
  'Container',
  'Argument',
  'Parameter',
  'Service',
  'Service.Argument',
  'Package',
  'Body',
  'Far',
  'Refused',
];
const OF_STEPS = ['My.Password', 'Step.Password', 'Reference.Password', 'Runbook.Password'];

/** By schema and field, as `openapi.json` names them. */
export const FIELDS: Readonly<Record<string, readonly string[]>> = {
  'WritableAccount.Password': ending(ofAccounts, 'Password'),
  'WritableAccount.PrivateKeyFile': ending(ofAccounts, 'PrivateKeyFile'),
  'WritableAccount.PrivateKeyPassphrase': ending(ofAccounts, 'PrivateKeyPassphrase'),
  'WritableAccount.Token': ending(ofAccounts, 'Token'),
  'WritableFeed.Password': ending(ofFeeds, 'Password'),
  'WritableFeed.SecretKey': ending(ofFeeds, 'SecretKey'),
  'Variable.Value': VARIABLES,
  'DeploymentAction.Properties': ['My.Password', 'Runbook.Password'],
  'DeploymentStep.Properties': ['Step.Password'],
  'PackageReference.Properties': ['Reference.Password'],
  'WritableUser.Password': ['User.Password'],
  'LoginRequest.Password': ['Rejected.Login'],
  // Answers to prompts: of runs that begin at once, that wait for tomorrow, and that are refused.
  'WritableDeployment.FormValues': ['Asked', 'Unasked'],
  'CreateDeploymentsUntenanted.Variables': ['Later.Deployment'],
  'CreateDeploymentsTenanted.Variables': ['Rejected.Tenanted'],
  'WritableRunbookRun.FormValues': ['Later.RunbookRun'],
  'CreateRunbookRuns.Variables': ['Runbook.Asked'],
  'RunbookRunParameters.FormValues': ['Later.RunbookRuns'],
};

/** What is a secret although no schema says so. */
const BESIDES = [
  ...ending(ofAccounts, 'SecretKey'),
  ...ending(ofAccounts, 'CertificateBytes'),
  ...ending(ofAccounts, 'JsonKey'),
  ...ending(ofAccounts, UNKNOWN_FIELD),
  ...ending(ofFeeds, UNKNOWN_FIELD),
  // The server makes it, or a step does.
  'ApiKey',
  'Session',
  'Made',
  'Masked',
  // In requests that are refused, where an answer or a log could repeat them.
  'Rejected.Key',
  'Rejected.Query',
  'Rejected.Variable',
  'Rejected.Answer',
  'Rejected.Address',
  'Rejected.PrivateKey',
  'Rejected.Passphrase',
  'Rejected.Certificate',
  'Rejected.Template',
  'Rejected.Endpoint',
  'Rejected.Json',
];

export const CANARIES: readonly string[] = [...new Set([...Object.values(FIELDS).flat(), ...BESIDES])];

/** Canaries that the first step reads as variables. */
export const FROM_VARIABLES: readonly string[] = [
  'Project.Secret',
  'Lines',
  'Library.Secret',
  'Asked',
  ...OF_STEPS.slice(0, 2),
  ...FROM_ACCOUNTS,
];

interface SchemaObject {
  readonly $ref?: string;
  readonly title?: string;
  readonly properties?: Readonly<Record<string, SchemaObject>>;
  readonly [key: string]: unknown;
}

/** Names of text fields that hold secrets although their schema cannot say so; answers to prompts are among them. */
const SOUNDS_SECRET =
  /password|passphrase|secret|token|private.?key|api.?key|credential|^formvalues$|^variables$/i;

/** Fields of requests that hold a secret, as `Schema.Field`; a field of a nested schema goes by the name of that schema. */
export function secretFieldsOf(openApi: {
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, SchemaObject>> };
}): readonly string[] {
  const found = new Set<string>();
  const seen = new Set<string>();
  const read = (schema: unknown, owner: string, field: string): void => {
    if (typeof schema !== 'object' || schema === null) return;
    const { $ref, properties = {}, ...rest } = schema as SchemaObject;
    const name = $ref?.split('/').at(-1);
    if (name === 'SensitiveValue') found.add(`${owner}.${field}`);
    else if (name !== undefined && !seen.has(name)) {
      seen.add(name);
      read(openApi.components.schemas[name], name, '');
    }
    for (const [key, value] of Object.entries(properties)) {
      const isList = JSON.stringify(value).includes('"type":"array"');
      if (SOUNDS_SECRET.test(key) && !isList) found.add(`${owner}.${key}`);
      read(value, owner, key);
    }
    for (const value of Object.values(rest)) {
      for (const entry of Array.isArray(value) ? value : [value]) read(entry, owner, field);
    }
  };
  for (const [path, methods] of Object.entries(openApi.paths)) {
    for (const operation of Object.values(methods)) {
      const { requestBody, parameters } = operation as { requestBody?: unknown; parameters?: unknown };
      read(requestBody, path, '');
      for (const { name, in: place } of parameters as { name: string; in: string }[]) {
        if (place === 'query' && SOUNDS_SECRET.test(name)) found.add(`${path}?${name}`);
      }
    }
  }
  return [...found].sort();
}
